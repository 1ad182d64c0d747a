// SPDX-License-Identifier: Apache-2.0
// A JSON parser that knows where everything stands, so that an error in somebody's snippet names the line.

/** A line and column, from 1; columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A parsed text. */
export interface JsonDocument {
  readonly value: unknown;
  /** Where the value at a JSON path (`$.a.0`) begins, or the nearest one around it that is there. */
  positionOf(path: string): Position;
}

/** The text is not the JSON we take; `offset` is the place in the text. */
export class JsonTextError extends Error {
  override readonly name = "JsonTextError";
  readonly position: Position;

  constructor(message: string, text: string, offset: number) {
    super(message);
    this.position = positionAt(text, offset);
  }
}

/** No config is nested deeper; a hostile text must not exhaust the stack. */
const depthLimit = 64;

/** Parses JSON, refusing also what parsers resolve in silence: a field twice, numbers that are not exact. */
export function parseJsonText(text: string): JsonDocument {
  const reader = new JsonReader(text);
  const value = reader.document();
  return {
    value,
    positionOf: (path) => {
      let known = path;
      while (!reader.offsets.has(known) && known !== "$")
        known = known.replace(/(^\$)?\.[^.]*$/, "$1");
      return positionAt(text, reader.offsets.get(known) ?? 0);
    },
  };
}

class JsonReader {
  readonly offsets = new Map<string, number>();
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): unknown {
    this.#skipSpace();
    const value = this.#value("$", 0);
    this.#skipSpace();
    if (this.#offset < this.#text.length) throw this.#error("text after the end", this.#offset);
    return value;
  }

  #value(path: string, depth: number): unknown {
    const start = this.#offset;
    if (depth > depthLimit) throw this.#error(`nesting deeper than ${depthLimit}`, start);
    this.offsets.set(path, start);
    const next = this.#text[start];
    if (next === "{") return this.#object(path, depth);
    if (next === "[") return this.#array(path, depth);
    if (next === '"') return this.#string();
    return this.#literal();
  }

  #object(path: string, depth: number): Record<string, unknown> {
    const fields: Record<string, unknown> = Object.create(null);
    this.#items("}", () => {
      const start = this.#offset;
      if (this.#text[start] !== '"') throw this.#error("expected a field name in quotes", start);
      const name = this.#string();
      if (Object.hasOwn(fields, name)) {
        throw this.#error(`field ${JSON.stringify(name)} twice in one object`, start);
      }
      this.#skipSpace();
      this.#expect(":");
      this.#skipSpace();
      fields[name] = this.#value(`${path}.${name}`, depth + 1);
    });
    return fields;
  }

  #array(path: string, depth: number): unknown[] {
    const items: unknown[] = [];
    this.#items("]", () => {
      items.push(this.#value(`${path}.${items.length}`, depth + 1));
    });
    return items;
  }

  /** Reads items separated by commas up to `end`, from the opening bracket on. */
  #items(end: string, readItem: () => void): void {
    this.#offset++;
    this.#skipSpace();
    if (this.#text[this.#offset] === end) {
      this.#offset++;
      return;
    }
    for (;;) {
      readItem();
      this.#skipSpace();
      if (this.#text[this.#offset] === end) break;
      this.#expect(",", end);
      this.#skipSpace();
    }
    this.#offset++;
  }

  #string(): string {
    const start = this.#offset;
    let end = start + 1;
    while (end < this.#text.length && this.#text[end] !== '"') {
      end += this.#text[end] === "\\" ? 2 : 1;
    }
    const token = this.#text.slice(start, end + 1);
    try {
      const value: unknown = JSON.parse(token);
      if (typeof value !== "string") throw new TypeError("not a string");
      this.#offset = end + 1;
      return value;
    } catch (cause) {
      const error = this.#error("text in quotes that is not closed or has a bad character", start);
      error.cause = cause;
      throw error;
    }
  }

  #literal(): unknown {
    const start = this.#offset;
    const token = /^[-+.\w]+/.exec(this.#text.slice(start, start + 40))?.[0] ?? "";
    this.#offset += token.length;
    if (token === "true") return true;
    if (token === "false") return false;
    if (token === "null") return null;
    if (/^-?(0|[1-9]\d*)$/.test(token)) {
      const number = Number(token);
      if (Number.isSafeInteger(number)) return number;
      throw this.#error(`number ${token} is too large`, start);
    }
    if (/^0[0-7]+$/.test(token)) {
      const decimal = parseInt(token, 8);
      throw this.#error(`${token}: JSON has no octal numbers, expected ${decimal}`, start);
    }
    if (/^-?\d/.test(token)) throw this.#error(`${token} is not a whole number`, start);
    const found = token || this.#text[start];
    throw this.#error(found ? `unexpected ${JSON.stringify(found)}` : "unexpected end", start);
  }

  #expect(character: string, or?: string): void {
    if (this.#text[this.#offset] === character) {
      this.#offset++;
      return;
    }
    const wanted = or === undefined ? `"${character}"` : `"${character}" or "${or}"`;
    const found = this.#text[this.#offset];
    const what = found === undefined ? "the end" : JSON.stringify(found);
    throw this.#error(`expected ${wanted}, found ${what}`, this.#offset);
  }

  #skipSpace(): void {
    while (/^[ \t\r\n]$/.test(this.#text[this.#offset] ?? "")) this.#offset++;
  }

  #error(message: string, offset: number): JsonTextError {
    return new JsonTextError(message, this.#text, offset);
  }
}

function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - before.lastIndexOf("\n") };
}
