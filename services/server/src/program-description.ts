import type { ProgramDescription } from '@rankd/startup';
import { serverSettingsSchema } from './config.js';

/** What `main.js --help` prints about the server. */
export const serverProgram: ProgramDescription = {
  name: 'rankd',
  command: 'npx rankd',
  about:
    'The rankd server. It ranks the members of each group by arrival, promotes them when others leave, and passes commands down the\nranks. A side port has the live page, metrics and health checks.',
  schema: serverSettingsSchema,
  groups: {
    Members: [
      ...['RANKD_HOST', 'RANKD_PORT', 'RANKD_MEMBERS_MAX', 'RANKD_WAITLIST_MAX', 'RANKD_GROUPS_MAX'],
      ...[
        'RANKD_TOKEN',
        'RANKD_ADMIN_TOKEN',
        'RANKD_ALLOW_ANONYMOUS',
        'RANKD_TLS_CERT',
        'RANKD_TLS_KEY',
        'RANKD_TLS_CA',
      ],
    ],
    Times: [
      ...['RANKD_HEARTBEAT_MS', 'RANKD_SUSPEND_MS', 'RANKD_DEAD_MS', 'RANKD_GRACE_MS', 'RANKD_GRACE_LEADER_MS'],
      ...['RANKD_HELLO_TIMEOUT_MS', 'RANKD_STALL_MS', 'RANKD_DEADLINE_MAX_MS', 'RANKD_DRAIN_MS'],
    ],
    Limits: [
      ...[
        'RANKD_FRAME_BYTES_MAX',
        'RANKD_BACKLOG_BYTES_MAX',
        'RANKD_UNREAD_BYTES_MAX',
        'RANKD_COMMANDS_OPEN_MAX',
        'RANKD_COMMANDS_PER_SECOND',
      ],
      ...['RANKD_HELLO_PENDING_MAX', 'RANKD_OBSERVERS_MAX', 'RANKD_CONNECTIONS_PER_IP_MAX'],
    ],
    'Side port': [
      ...['RANKD_HTTP_HOST', 'RANKD_HTTP_PORT', 'RANKD_HTTP_TOKEN', 'RANKD_HTTP_HOSTS', 'RANKD_HTTP_STREAMS_MAX'],
      'RANKD_HTTP_CONNECTIONS_MAX',
    ],
    Mirror: ['RANKD_REDIS_URL', 'RANKD_REDIS_PREFIX', 'RANKD_ORDER_TTL_MS', 'RANKD_REFORM_MS'],
    Cluster: [
      'RANKD_MODE',
      'RANKD_LOG_ACK',
      'RANKD_SHARDS',
      'RANKD_GRACE_SERVER_MS',
      'RANKD_ADVERTISED_URL',
      'RANKD_STATE_DIR',
    ],
    Log: ['LOG_LEVEL', 'LOG_FORMAT'],
  },
  exitCodes: {
    0: 'the server has stopped after SIGTERM or SIGINT, or has printed this text',
    1: 'the server cannot start, or got a second signal to stop',
    2: 'an argument is unknown',
    78: 'a setting is wrong; standard error has all faults',
  },
};
