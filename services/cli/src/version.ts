/** The version of rankctl, as in its package.json. The single executable has no package.json to read it from. */
export const version = '0.1.0';
