/** Generated recordings of every kind that people have, what each must look like, and how to see whether it does. */
export * from './video/codec-sources.ts';
export * from './video/colour-sources.ts';
export * from './video/convert.ts';
export * from './video/find-faults.ts';
export * from './video/hdr-sources.ts';
export * from './video/shape-sources.ts';
export * from './video/sound-sources.ts';
export * from './video/source.ts';
export * from './video/special-sources.ts';
export * from './video/test-card.ts';
export * from './video/timing-sources.ts';
