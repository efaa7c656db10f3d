/** Texts with control characters that a peer may send where the protocol allows any text. Tests of every output use this list. */
export const hostileTexts: readonly string[] = [
  '\x1b[2J\x1b[31mred',
  '\x1b]0;title\x07',
  '\x1b]52;c;cm0gLXJm\x07',
  '\x9b31mC1',
  '\x90dcs\x9c',
  'a\r\nrankctl: fake',
  'tab\tback\bspace\x7f',
  'nul\0',
  'line\u2028para\u2029',
  '\u202eright to left\u202c',
  '\u2066isolate\u2069\u061c\u200e\u200f\u202a\u202d',
  'zero\u200bwidth\u200d\ufeff',
  'tag\u{e0041}\u{e007f}',
  'lone\ud800',
  '\udc00lone',
  '$(touch marker)`touch marker`',
  '<img src=x onerror=alert(1)>',
  '"><script>alert(1)</script>',
  String.raw`\u001b[31m`,
  '%s%d%j{{x}}',
];

/** Characters that must not reach a terminal. Line ends are allowed, because rankd writes them itself. */
const steering = /[^\P{Cc}\n]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** Returns the first character of `output` that could control a terminal, with the text around it. Undefined if there is none. */
export function firstSteering(output: string): string | undefined {
  const at = output.search(steering);
  return at === -1 ? undefined : JSON.stringify(output.slice(Math.max(0, at - 40), at + 20));
}
