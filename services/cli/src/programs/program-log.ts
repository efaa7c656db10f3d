/** rankctl's own lines in the verbs that run a program. They go to standard error, because standard output is the program's. */

import type { Logger, LogMethod } from '@rankd/client';
import { printable } from '@rankd/protocol';
import { writeStandardError } from '@rankd/startup/standard-error';
import { toJsonLine } from '../output/json-output.js';

/** How rankctl writes its own lines. */
export interface ProgramLogSettings {
  /** Whether to write errors only. */
  readonly quiet: boolean;
  /** Whether to write each line as JSON. */
  readonly json: boolean;
}

/** Writes a line. `event` is its stable name for programs. */
export type WriteEvent = (event: string, sentence: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes rankctl's own lines. */
export interface ProgramLog {
  readonly info: WriteEvent;
  readonly error: WriteEvent;
  /** A logger for the library, which writes the events of the membership. */
  readonly memberLogger: Logger;
}

/** Creates the log. It never blocks rankctl, even if no program reads standard error. */
export function createProgramLog({ quiet, json }: ProgramLogSettings): ProgramLog {
  const write: WriteEvent = (event, sentence, fields = {}) => {
    const line = json ? toJsonLine({ event, ...fields, message: sentence }) : `rankctl: ${printable(sentence)}`;
    writeStandardError(line);
  };
  const info: WriteEvent = quiet ? () => undefined : write;
  const forwardTo =
    (target: WriteEvent): LogMethod =>
    ({ event, ...fields }, sentence) => {
      // rankctl itself reports the error after which the library does not reconnect.
      if (event === 'disconnected' && fields['retryInMs'] === undefined) return;
      target(String(event), sentence, fields);
    };
  const silent: LogMethod = () => undefined;
  return {
    info,
    error: write,
    memberLogger: { debug: silent, info: forwardTo(info), warn: forwardTo(info), error: forwardTo(write) },
  };
}
