import type { HlsRequest, TapeRequest } from '@tapedeck/contracts';
import type { MediaTools } from '@tapedeck/media';
import type { ConversionConfig, Logger } from '@tapedeck/runtime';
import type { Progress } from './progress.ts';

/** What a caller may choose about a conversion, whatever it is called and wherever it comes from. */
export type TapeChoices = Pick<TapeRequest, 'options' | 'metadata'>;
export type HlsChoices = Pick<HlsRequest, 'ladder' | 'options'>;

/** Everything that a stage may use. Stages get it first, and know nothing of networks, stores or queues. */
export interface ConversionContext<Choices = TapeChoices | HlsChoices> {
  config: ConversionConfig;
  tools: MediaTools;
  request: Choices;
  workspace: Workspace;
  /** Aborted when the conversion must stop, for whatever reason. */
  signal: AbortSignal;
  logger: Logger;
  progress: Progress;
}

export type TapeContext = ConversionContext<TapeChoices>;
export type HlsContext = ConversionContext<HlsChoices>;

/** The directory of one conversion: whatever it reads and writes is in there. */
export interface Workspace {
  dir: string;
  path(fileName: string): string;
}

/** Where a recording comes from and where its result goes: what a service and a command do each in its own way. */
export interface PipelineEnds<Made, Output> {
  /** Puts the recording into the workspace. @returns the name of the file */
  bringSource(): Promise<string>;
  /** Takes what was made and verified out of the workspace; names of files are relative to it. */
  handOver(made: Made): Promise<Output>;
}
