/** The messages of a fan-out in each protocol. */

import { BenchError } from '../servers/child.js';

/** The messages of a fan-out in one protocol, as in native/load-generator.c. All text is latin1: one byte for each character. */
export interface WireDialect {
  readonly hello: string;
  readonly ready: string;
  readonly senderHello: string;
  readonly senderReady: string;
  readonly command: (payload: string) => string;
}

const natsConnect = 'CONNECT {"verbose":false,"pedantic":false}\r\n';
const mqttConnect = '\x10\x0c\0\x04MQTT\x04\x02\0\0\0\0';

/**
 * Returns the messages of a protocol.
 * @throws BenchError if only the C program knows the protocol
 */
export function wireDialect(protocol: string): WireDialect {
  switch (protocol) {
    case 'rankd':
      return rankdDialect({});
    case 'nats':
      return {
        hello: `${natsConnect}SUB c 1\r\nPING\r\n`,
        ready: 'PONG',
        senderHello: `${natsConnect}PING\r\n`,
        senderReady: 'PONG',
        command: payload => `PUB c ${payload.length}\r\n${payload}\r\n`,
      };
    case 'redis':
      return {
        hello: 'SUBSCRIBE c\r\n',
        ready: 'subscribe',
        senderHello: 'PING\r\n',
        senderReady: 'PONG',
        command: payload => `*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$${payload.length}\r\n${payload}\r\n`,
      };
    case 'mqtt':
      return {
        hello: `${mqttConnect}\x82\x06\0\x01\0\x01c\0`,
        ready: '\x90\x03',
        senderHello: `${mqttConnect}\x82\x06\0\x01\0\x01i\0`,
        senderReady: '\x90\x03',
        command: payload => `\x30${mqttLength(payload.length + 3)}\0\x01c${payload}`,
      };
    default:
      throw new BenchError(`the Node generator does not support ${protocol}`);
  }
}

/** Returns the messages of rankd, with additional fields of the hello. */
export function rankdDialect(hello: object): WireDialect {
  return {
    ...alike(`${JSON.stringify({ type: 'hello', ...hello })}\n`, '"rank":'),
    command: payload => `{"type":"command","id":"12345678","name":"x","reply":"none","args":"${payload}"}\n`,
  };
}

function alike(hello: string, ready: string): Pick<WireDialect, 'hello' | 'ready' | 'senderHello' | 'senderReady'> {
  return { hello, ready, senderHello: hello, senderReady: ready };
}

/** Encodes a length for MQTT: seven bits in each byte, the lowest first. The eighth bit says that more bytes follow. */
function mqttLength(length: number): string {
  const [low, rest] = [length % 128, Math.floor(length / 128)];
  return rest === 0 ? String.fromCharCode(low) : `${String.fromCharCode(low | 128)}${mqttLength(rest)}`;
}
