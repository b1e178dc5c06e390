export type {
  ConversionContext,
  HlsChoices,
  HlsContext,
  PipelineEnds,
  TapeChoices,
  TapeContext,
  Workspace,
} from './conversion-context.ts';
export { tapeToMp4, type MadeMp4 } from './pipelines/tape-to-mp4.ts';
export { videoToHls, type MadeHls } from './pipelines/video-to-hls.ts';
export { prepareTools } from './prepare-tools.ts';
export { percentAt, type ConversionPlan, type PhaseFacts, type Progress } from './progress.ts';
export { listNamed, listSegments } from './stages/hls/list-files.ts';
export { extractTape } from './stages/tape/extract.ts';
