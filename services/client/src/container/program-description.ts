import type { ProgramDescription } from '@rankd/startup';
import { clientSettingsSchema } from './config.js';

/** What `main.js --help` prints about the client container. */
export const clientProgram: ProgramDescription = {
  name: 'rankd-client',
  command: 'node services/client/dist/main.js',
  about:
    'The rankd client container. It joins a group, executes the commands of its superiors, and logs what happens, until SIGTERM or\nSIGINT. If the connection is lost, it reconnects.',
  schema: clientSettingsSchema,
  groups: {
    Connection: ['RANKD_URL', 'RANKD_TOKEN', 'RANKD_TLS_CA', 'RANKD_TLS_CERT', 'RANKD_TLS_KEY'],
    Member: ['RANKD_GROUP', 'RANKD_NAME', 'RANKD_TAGS', 'RANKD_COMMAND_EVERY_MS'],
    Log: ['LOG_LEVEL', 'LOG_FORMAT'],
  },
  exitCodes: {
    0: 'the member has left after SIGTERM or SIGINT, or the program has printed this text',
    1: 'the server does not admit the member, or a second signal to stop arrived',
    2: 'an argument is unknown',
    78: 'a setting is wrong; standard error has all faults',
  },
};
