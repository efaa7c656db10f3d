/** Reads the body of a request. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RankdError } from '@rankd/client/internal';

/** The longest body, bytes. The server may accept less: RANKD_FRAME_BYTES_MAX less 1024. */
export const BODY_BYTES_MAX = 1_048_576;

/**
 * Reads the body as UTF-8 text.
 * @throws RankdError PAYLOAD_TOO_LARGE; BAD_ARGUMENT if it is not UTF-8; ABORTED if the client closes before its end
 */
export async function readBody(request: IncomingMessage, response: ServerResponse): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw tooLarge();
  // A client that sends `Expect: 100-continue` waits for this answer before it sends the body.
  if (request.headers.expect !== undefined) response.writeContinue();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // The request is not destroyed at the end of the loop, because its answer needs the connection.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof RankdError ? error : new RankdError('ABORTED', undefined, { cause: error });
  }
  return decode(Buffer.concat(chunks));
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new RankdError('BAD_ARGUMENT', 'the body is not UTF-8', { cause: error });
  }
}

function tooLarge(): RankdError {
  return new RankdError('PAYLOAD_TOO_LARGE', `the body has more than ${BODY_BYTES_MAX} bytes`);
}
