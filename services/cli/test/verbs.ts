import { createProgram } from '../src/program.js';

/** The parser of rankctl's command line. */
export const program = createProgram('', () => Promise.resolve());

/** The verbs of rankctl, in the order of its help. */
export const verbs = program.commands.map(command => command.name());
