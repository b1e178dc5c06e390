export * from './callback-event.ts';
export * from './convert-request.ts';
export * from './errors.ts';
export * from './job-view.ts';
export * from './ladder.ts';
export * from './tape-hints.ts';
export * from './vocabulary.ts';
export * from './x264-preset.ts';
