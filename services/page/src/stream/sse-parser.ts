/** An event as the stream brought it: its name, and its data as text. */
export interface RawEvent {
  readonly event: string;
  readonly data: string;
}

/**
 * Server-sent events out of text that comes in pieces, cut anywhere. EventSource would do this too, but can send no header,
 * and a token has no place in a URL. Comments and fields without a use here (`id`, `retry`) are passed over.
 */
export class SseParser {
  #pending = '';
  /** Whether the last piece ended in `\r`: a line end, unless `\n` follows. */
  #mayEndInCr = false;
  #event = '';
  #data: string[] = [];

  /** The events that are whole now. */
  push(text: string): RawEvent[] {
    if (text === '') return [];
    this.#pending += text;
    const canEndLine = this.#mayEndInCr || /[\r\n]/.test(text);
    this.#mayEndInCr = text.endsWith('\r');
    // A long line arrives in many pieces: reading it from its beginning for each of them would cost their square.
    if (!canEndLine) return [];
    const lines = this.#pending.split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop() ?? '';
    return lines.flatMap(line => this.#line(line));
  }

  #line(line: string): RawEvent[] {
    if (line === '') return this.#end();
    const { field, value } = fieldOf(line);
    if (field === 'event') this.#event = value;
    if (field === 'data') this.#data.push(value);
    return [];
  }

  /** An event without data is none. */
  #end(): RawEvent[] {
    const ended = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') };
    const isEvent = this.#data.length > 0;
    this.#event = '';
    this.#data = [];
    return isEvent ? [ended] : [];
  }
}

/** A field's name ends at the first colon; one space after the colon does not belong to the value. */
function fieldOf(line: string): { readonly field: string; readonly value: string } {
  const colon = line.indexOf(':');
  if (colon === -1) return { field: line, value: '' };
  return { field: line.slice(0, colon), value: line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1) };
}
