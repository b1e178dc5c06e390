import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogFiles } from './log-files.ts';
import { LOG_NAMES, type LogName } from './log-names.ts';

/** Filled in by pino before each write, where the symbol asks for it. */
interface Metadata {
  lastLevel: number;
  lastLogger: Logger | undefined;
}

/**
 * Everything goes to the terminal, each line to the file of its log, and errors to one of their own as well. What is to
 * be hidden is gone from the line by then.
 * @param ownLog of lines whose logger names none
 */
export function createLogSplitter(terminal: DestinationStream, files: LogFiles, ownLog: LogName): DestinationStream {
  const splitter: DestinationStream & Metadata = {
    ...{ [pino.symbols.needsMetadataGsym]: true },
    ...{ lastLevel: 0, lastLogger: undefined },
    write(line) {
      terminal.write(line);
      files.write(findLog(splitter.lastLogger) ?? ownLog, line);
      if (splitter.lastLevel >= ERROR_LEVEL) files.write('error', line);
    },
  };
  return splitter;
}

const ERROR_LEVEL = pino.levels.values.error!;

function findLog(logger: Logger | undefined): LogName | undefined {
  const { log } = logger?.bindings() ?? {};
  return LOG_NAMES.find((known) => known === log);
}
