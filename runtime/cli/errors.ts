// SPDX-License-Identifier: Apache-2.0
// How an error looks on stderr.

/** One line: the error and the innermost cause, unless the error says that already. */
export function errorLine(error: unknown): string {
  const chain = causes(error);
  const [outer = "Unknown error"] = chain;
  const inner = chain.at(-1) ?? outer;
  const whole = outer.includes(inner) ? outer : `${outer}: ${inner}`;
  return whole.replace(/\s*\n\s*/g, " ").trim();
}

/** For --debug: each cause below what it caused. */
export function errorTree(error: unknown): string {
  return causes(error)
    .map((line, depth) => (depth === 0 ? line : `${"  ".repeat(depth)}└─${line}`))
    .join("\n");
}

function causes(error: unknown): readonly string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let at: unknown = error; at !== undefined && !seen.has(at); at = causeOf(at)) {
    seen.add(at);
    lines.push(messageOf(at));
  }
  return lines;
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) {
    return [error.message, ...error.errors.map(errorLine)].filter((part) => part !== "").join("; ");
  }
  return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
