import { describe, expect, it } from '@jest/globals';
import { type ErrorCode, errorCodes, explain } from '@rankd/protocol';
import { errorFromServer, RankdError, rejectOnAbort } from '../../src/rankd-error.js';

const CODES = Object.keys(errorCodes) as ErrorCode[];

describe('an error of the library', () => {
  it.each(CODES)('has the code %s, and its message has the sentences of the error table', code => {
    const error = new RankdError(code, 'detail');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RankdError', code, retry: errorCodes[code].retry });
    expect(error.message).toBe(explain(code, 'detail'));
    expect([error.retryAfterMs, error.cause]).toEqual([undefined, undefined]);
  });
});

describe('an error from the server', () => {
  it.each(CODES)('R-BYE-1 keeps the code %s and the message and the `retry` of the server', code => {
    const { retry } = errorCodes[code];
    const error = errorFromServer({ code, message: 'field "name" is missing', retry: !retry, retryAfterMs: 250 });
    expect(error).toMatchObject({ code, message: 'field "name" is missing', retry: !retry, retryAfterMs: 250 });
    expect(errorFromServer({ code })).toMatchObject({ message: explain(code), retry, retryAfterMs: undefined });
  });

  it.each(['BRAND_NEW', 'toString', 'constructor', '__proto__', ''])(
    'R-BYE-1 allows a retry only if the server does, if its code %j is unknown to the library',
    code => {
      const again = errorFromServer({ code, message: 'words', retry: true, retryAfterMs: 5 });
      expect(again).toMatchObject({ code: 'UNAVAILABLE', retry: true, retryAfterMs: 5 });
      expect(again.message).toContain(`${code}: words`);
      expect(errorFromServer({ code, message: 'words', retry: false })).toMatchObject({ code: 'UNSUPPORTED' });
      expect(errorFromServer({ code, message: 'words' })).toMatchObject({ code: 'UNSUPPORTED', retry: false });
    },
  );
});

describe('waiting with a signal', () => {
  it('resolves with the result of the work, and leaves no listener', async () => {
    const calling = new AbortController();
    await expect(rejectOnAbort(Promise.resolve(7), calling.signal)).resolves.toBe(7);
    await expect(rejectOnAbort(Promise.resolve(7), undefined)).resolves.toBe(7);
    await expect(rejectOnAbort(Promise.reject(new RankdError('AWAY')), calling.signal)).rejects.toMatchObject({
      code: 'AWAY',
    });
    calling.abort();
  });

  it('rejects with ABORTED and the reason as soon as the signal is aborted', async () => {
    const calling = new AbortController();
    const waiting = rejectOnAbort(new Promise(() => undefined), calling.signal);
    calling.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
  });

  it('handles the rejection of the work if the signal was aborted before', async () => {
    const work = Promise.reject(new RankdError('NOT_CONNECTED'));
    await expect(rejectOnAbort(work, AbortSignal.abort('before'))).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'before',
    });
  });
});
