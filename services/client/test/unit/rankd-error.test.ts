import { describe, expect, it } from '@jest/globals';
import { type ErrorCode, errorCodes, explain } from '@rankd/protocol';
import { errorFromServer, RankdError, rejectOnAbort } from '../../src/rankd-error.js';

const CODES = Object.keys(errorCodes) as ErrorCode[];

describe('an error of the library', () => {
  it.each(CODES)('has the code %s with the words and the advice of the one table', code => {
    const error = new RankdError(code, 'detail');
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'RankdError', code, retry: errorCodes[code].retry });
    expect(error.message).toBe(explain(code, 'detail'));
    expect([error.retryAfterMs, error.cause]).toEqual([undefined, undefined]);
  });
});

describe('an error that a server told of', () => {
  it.each(CODES)('R-BYE-1 keeps the code %s, what the server said of it, and its word on trying again', code => {
    const { retry } = errorCodes[code];
    const error = errorFromServer({ code, message: 'field "name" is missing', retry: !retry, retryAfterMs: 250 });
    expect(error).toMatchObject({ code, message: 'field "name" is missing', retry: !retry, retryAfterMs: 250 });
    expect(errorFromServer({ code })).toMatchObject({ message: explain(code), retry, retryAfterMs: undefined });
  });

  it.each(['BRAND_NEW', 'toString', 'constructor', '__proto__', ''])(
    'R-BYE-1 is tried again only where the server says so, if its code %j is not known here',
    code => {
      const again = errorFromServer({ code, message: 'words', retry: true, retryAfterMs: 5 });
      expect(again).toMatchObject({ code: 'UNAVAILABLE', retry: true, retryAfterMs: 5 });
      expect(again.message).toContain(`${code}: words`);
      expect(errorFromServer({ code, message: 'words', retry: false })).toMatchObject({ code: 'UNSUPPORTED' });
      expect(errorFromServer({ code, message: 'words' })).toMatchObject({ code: 'UNSUPPORTED', retry: false });
    },
  );
});

describe('waiting that can be called off', () => {
  it('gives what the work gives, and leaves no listener behind', async () => {
    const calling = new AbortController();
    await expect(rejectOnAbort(Promise.resolve(7), calling.signal)).resolves.toBe(7);
    await expect(rejectOnAbort(Promise.resolve(7), undefined)).resolves.toBe(7);
    await expect(rejectOnAbort(Promise.reject(new RankdError('AWAY')), calling.signal)).rejects.toMatchObject({
      code: 'AWAY',
    });
    calling.abort();
  });

  it('rejects with ABORTED and the reason as soon as it is called off', async () => {
    const calling = new AbortController();
    const waiting = rejectOnAbort(new Promise(() => undefined), calling.signal);
    calling.abort('enough');
    await expect(waiting).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' });
  });

  it('takes the failure of the work with it where it was called off before', async () => {
    const work = Promise.reject(new RankdError('NOT_CONNECTED'));
    await expect(rejectOnAbort(work, AbortSignal.abort('before'))).rejects.toMatchObject({
      code: 'ABORTED',
      cause: 'before',
    });
  });
});
