/** The kinds of settings of rankd's processes. */

import { Type, type Static, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';

/** Functions that return the schema of a setting, one function per kind. A setting without a value gets the default. */
export const settings = {
  object: <const P extends TProperties>(properties: P): TObject<P> => Type.Object(properties),

  whole: (fallback: number, description: string, minimum = 0, maximum = 1_000_000) =>
    Type.Integer({ default: fallback, minimum, maximum, description }),

  /** Milliseconds, at most a day. */
  millis: (fallback: number, description: string, minimum = 0) =>
    Type.Integer({ default: fallback, minimum, maximum: 86_400_000, description }),

  /** A TCP port. 0 means any free port. */
  port: (fallback: number, description: string) =>
    Type.Integer({ default: fallback, minimum: 0, maximum: 65_535, description }),

  /** 1 or 0. */
  flag: (fallback: boolean, description: string) => Type.Boolean({ default: fallback, description }),

  /** Text that matches `pattern`. `expects` describes valid values in error messages. */
  text: (fallback: string, description: string, pattern = '.', expects = description) =>
    Type.String({ default: fallback, pattern, description, expects }),

  optionalText: (description: string, pattern = '.', expects = description) =>
    Type.Optional(Type.String({ pattern, description, expects })),

  /** A secret. No message quotes it. The variable `X_FILE` may name a file that contains it. */
  secret: (description: string, pattern = '^.{1,256}$', expects = '1 to 256 characters') =>
    Type.Optional(Type.String({ secret: true, pattern, expects, description })),

  choice: <const C extends string>(choices: readonly C[], fallback: NoInfer<C>, description: string) =>
    Type.Union(
      choices.map(choice => Type.Literal(choice)),
      { default: fallback, description },
    ),
} as const satisfies Record<string, (...args: never[]) => TSchema>;

/** The values of a settings schema, frozen. */
export type SettingsOf<S extends TObject> = Readonly<Static<S>>;
