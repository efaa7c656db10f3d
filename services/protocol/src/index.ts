/** The rankd protocol: the schemas and types of messages, limits, error codes, and frames. No I/O. */

export * from './assert-never.js';
export * from './schemas/check-client-message.js';
export * from './schemas/check-field.js';
export * from './schemas/client-messages.js';
export * from './command-refusals.js';
export * from './departure-reasons.js';
export * from './frames/encode-frame.js';
export * from './error-codes.js';
export * from './features.js';
export * from './frames/frame-decoder.js';
export * from './group-summary.js';
export * from './json.js';
export * from './limits.js';
export * from './mistakes.js';
export * from './on-abort.js';
export * from './frames/opening-bytes.js';
export * from './schemas/message-parts.js';
export * from './frames/parse-frame.js';
export * from './printable.js';
export * from './frames/raw-json.js';
export * from './frames/read-message.js';
export * from './schemas/server-messages.js';
export * from './frames/parse-usual-message.js';
