/** The error of the record streams, and its kinds. */

/**
 * Why an operation on a stream failed.
 * - `unavailable`: Redis cannot be reached or does not answer correctly. The same call may succeed later.
 * - `unsuited`: Redis or its data does not match the settings. An operator has to change one of them.
 * - `lost`: Redis has lost a history that it had. A server may start a new history only if an operator asks for it.
 */
export type StreamFault = 'unavailable' | 'unsuited' | 'lost';

/** The error of a failed operation on a record stream. `fault` shows whether a retry can help. */
export class StreamError extends Error {
  readonly fault: StreamFault;

  constructor(fault: StreamFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StreamError';
    this.fault = fault;
  }
}
