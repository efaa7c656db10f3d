/** The features: optional parts of protocol 1 that `welcome` names and `hello` may require (R-JOIN-1). */

/** The features that a server of this version has. `resign`: R-RESIGN-1. */
export const features = ['resign'] as const;

/** The name of a feature. */
export type Feature = (typeof features)[number];
