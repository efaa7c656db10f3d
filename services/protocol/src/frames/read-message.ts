/** Reads one frame of a client. */

import { checkClientMessage } from '../schemas/check-client-message.js';
import type { ClientMessage } from '../schemas/client-messages.js';
import { parseFrame } from './parse-frame.js';
import { type MessageRead, parseUsualMessage } from './parse-usual-message.js';
import { rawValue } from './raw-json.js';

/** A message of a client, or the rule that the frame breaks: `bad-frame` is R-FRAME-3, `bad-message` is R-FRAME-4 with a description. */
export type ReadMessage =
  | ({ readonly kind: 'message' } & MessageRead)
  | { readonly kind: 'bad-frame' }
  | { readonly kind: 'bad-message'; readonly detail: string };

/** Parses and checks one line of a client. `args` or `value` is returned beside the message, as the text that the client wrote. */
export function readMessage(text: string): ReadMessage {
  const usual = parseUsualMessage(text);
  if (usual !== undefined) return { kind: 'message', message: usual.message, payload: usual.payload };
  const frame = parseFrame(text);
  if (frame === undefined) return { kind: 'bad-frame' };
  const checked = checkClientMessage(frame);
  if (checked.kind === 'bad') return { kind: 'bad-message', detail: checked.detail };
  return { kind: 'message', ...withoutPayload(checked.message, text) };
}

function withoutPayload(message: ClientMessage, text: string): MessageRead {
  if (message.type === 'result') {
    const { value, ...rest } = message;
    return { message: rest, payload: value === undefined ? undefined : rawValue(text, 'value') };
  }
  if (message.type === 'command' || (message.type === 'admin' && message.action === 'command')) {
    const { args, ...rest } = message;
    return { message: rest, payload: args === undefined ? undefined : rawValue(text, 'args') };
  }
  return { message, payload: undefined };
}
