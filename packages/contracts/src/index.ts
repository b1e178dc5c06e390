export * from './callback-event.ts';
export * from './convert-request.ts';
export * from './errors.ts';
export * from './frame-size.ts';
export * from './job-view.ts';
export * from './vocabulary.ts';
