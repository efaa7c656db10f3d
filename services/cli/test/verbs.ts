import { createProgram } from '../src/program.js';

/** What rankctl parses its command line with. */
export const program = createProgram('', () => Promise.resolve());

/** The verbs of rankctl, in the order of its help. */
export const verbs = program.commands.map(command => command.name());
