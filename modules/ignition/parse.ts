// SPDX-License-Identifier: Apache-2.0
// Reads the text of somebody's own config, to be merged over ours, and says on which line it is wrong.
import { errorsOf } from "./finding.ts";
import { type JsonDocument, JsonTextError, type Position, parseJsonText } from "./json-text.ts";
import type { NamedConfig } from "./merge.ts";
import { normalise } from "./structure.ts";
import { check } from "./validate/validate.ts";

/** A snippet that cannot be used; the message is one line, `problems` has all of them. */
export class SnippetError extends Error {
  override readonly name = "SnippetError";
  /** Each with its place: `motd.ign:3:5: File "/etc/motd" mode: is text, expected a whole number`. */
  readonly problems: readonly string[];

  constructor(origin: string, problems: readonly string[], options?: ErrorOptions) {
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    super(`Cannot use Ignition snippet ${problems[0] ?? origin}${more}`, options);
    this.problems = problems;
  }
}

/**
 * Parses an Ignition config from JSON text. `origin` names it in errors and as the owner of its entries: a file name, or
 * the place in a program. Throws {@link SnippetError} for what Ignition would refuse, and for what it would skip.
 */
export function parseSnippet(text: string, origin: string): NamedConfig {
  const document = parse(text, origin);
  const normalised = normalise(document.value);
  const errors = errorsOf(check(normalised, new Map(), "fragment"));
  if (errors.length > 0) {
    throw new SnippetError(
      origin,
      errors.map((error) => located(origin, document.positionOf(error.path), error.message)),
    );
  }
  return { name: origin, config: normalised.config };
}

function parse(text: string, origin: string): JsonDocument {
  if (text.trim() === "") throw new SnippetError(origin, [located(origin, start, "is empty")]);
  if (/^(variant|version):/m.test(text) && !/^\s*\{/.test(text)) {
    const message = "is Butane, expected Ignition JSON: translate it with butane first";
    throw new SnippetError(origin, [located(origin, start, message)]);
  }
  try {
    return parseJsonText(text);
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    throw new SnippetError(origin, [located(origin, cause.position, cause.message)], { cause });
  }
}

const start: Position = { line: 1, column: 1 };

function located(origin: string, { line, column }: Position, message: string): string {
  return `${origin}:${line}:${column}: ${message}`;
}
