/**
 * - `unavailable`: Redis cannot be reached or does not answer as it should; the same call may work later.
 * - `unsuited`: this Redis, or what it holds, does not fit the settings; somebody has to change one of them.
 * - `lost`: Redis held a history and does not any more; nobody may begin a new one in its place without being told to.
 */
export type StreamFault = 'unavailable' | 'unsuited' | 'lost';

export class StreamError extends Error {
  readonly fault: StreamFault;

  constructor(fault: StreamFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StreamError';
    this.fault = fault;
  }
}
