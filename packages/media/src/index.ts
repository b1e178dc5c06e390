export { openArchive, type Archive } from './archive/archive.ts';
export type { ArchiveLimits } from './archive/policy.ts';
export { estimateEncodeBytes, planEncode, type EncodePlan } from './encode/encode-plan.ts';
export { tryEncode } from './encode/trial-encode.ts';
export { maxPixelsFor } from './ffmpeg/arguments.ts';
export type { InputGuard } from './ffmpeg/arguments.ts';
export { findMissingEncoders } from './ffmpeg/encoders.ts';
export { runFfmpeg } from './ffmpeg/run-ffmpeg.ts';
export type { ToolResult } from './ffmpeg/run-tool.ts';
export { probeFile } from './ffmpeg/probe.ts';
export type { EncodeProgress } from './ffmpeg/progress.ts';
export { describeProtections, type Protection } from './ffmpeg/guards.ts';
export { readWritten } from './ffmpeg/written-files.ts';
export { findMediaTools, readToolVersion, type MediaTools, type ToolReport } from './ffmpeg/tools.ts';
export { countFrames, framesPerSec } from './hls/frame-rate.ts';
export { buildHlsArgv, STILL_FILES } from './hls/hls-argv.ts';
export { planHlsEncode, type HlsEncodePlan } from './hls/hls-plan.ts';
export { outputTags } from './hls/picture-graph.ts';
export { describePublished } from './hls/describe-published.ts';
export { measureRendition, parseSegments, type MeasuredRendition } from './hls/measure-rendition.ts';
export { buildMasterPlaylist, buildMediaPlaylist } from './hls/playlists.ts';
export { probeSource } from './hls/probe-source.ts';
export { chooseRenditions, type Rendition } from './hls/renditions.ts';
export type { Source } from './hls/source.ts';
export {
  buildStoryboardVtt,
  choosePoster,
  measureStills,
  planPoster,
  planStoryboard,
  spriteSize,
  type PosterPlan,
  type StoryboardPlan,
} from './hls/stills.ts';
export { makeCoverPoster } from './images/cover.ts';
export { fitInto, POSTER_BOX } from './images/fit.ts';
export { readImageHeader, type ImageHeader } from './images/image-header.ts';
export { makeTapePoster } from './images/poster.ts';
export { createFindings, type Finding } from './inspect/finding.ts';
export { inspectHls, type InspectedStream } from './inspect/inspect-hls.ts';
export { inspectMp4 } from './inspect/inspect-mp4.ts';
export type { InspectedFile } from './inspect/inspected-file.ts';
export { loadFromDir, loadOrFind, type LoadedFile, type LoadFile } from './inspect/load-file.ts';
export { findTapeLayout, type TapeLayout } from './tape/layout.ts';
export { chooseOutputSize, exceedsLevel51, type OutputSize } from './tape/output-size.ts';
export {
  AUDIO_BITS_PER_SEC,
  buildTapeArgv,
  CEILING_BUFFER_SEC,
  SOUNDTRACK_GUARD,
  type TapeEncode,
} from './tape/tape-argv.ts';
export { buildConcatList, buildTimeline, type Timeline } from './tape/timeline.ts';
export { MAX_TIMING_BYTES, parseTapeTiming, type TapeTiming } from './tape/timing.ts';
export { verifyHls, type VerifiedHls } from './verify/verify-hls.ts';
export { verifyJpeg } from './verify/verify-jpeg.ts';
export { verifyMp4, type VerifiedMp4 } from './verify/verify-mp4.ts';
