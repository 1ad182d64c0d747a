// SPDX-License-Identifier: Apache-2.0
// Reads the text of a systemd unit far enough to say whether it parses and which sections it has. It refuses what Ignition's
// parser refuses, and what systemd would skip with a warning in the journal of a machine nobody looks at.

/** What {@link parseUnitText} found. */
export interface UnitText {
  readonly problem?: UnitTextProblem;
  /** Whether an [Install] section with an option is there. */
  readonly installs: boolean;
}

/** The first line that does not parse, counted from 1. */
export interface UnitTextProblem {
  readonly line: number;
  readonly message: string;
}

/** Ignition's parser gives up at a line of this many bytes, though systemd takes a million. */
const lineLimitBytes = 2048;

/** Parses unit text; never throws. */
export function parseUnitText(text: string): UnitText {
  const lines = text.split("\n");
  const long = lines.findIndex(isTooLong);
  if (long !== -1) return failure(long, `has ${lineLimitBytes} bytes or more, expected fewer`);
  let section = "";
  let installs = false;
  for (let index = 0; index < lines.length; index++) {
    const line = trim(lines[index] ?? "");
    if (line === "" || /^[#;]/.test(line)) {
      if (!line.endsWith("\\")) continue;
      return failure(index, "is a comment that ends in a backslash");
    }
    if (line.startsWith("[")) {
      const name = /^\[([^[\]\r]+)\]$/.exec(line)?.[1];
      if (name === undefined)
        return failure(index, `is ${JSON.stringify(line)}, expected [Section]`);
      section = name;
      continue;
    }
    if (section === "") return failure(index, "is before the first [Section]");
    if (!/^[^=\r]+=/.test(line))
      return failure(index, `is ${shorten(line)}, expected Option=value`);
    if (section === "Install") installs = true;
    while (lines[index]?.endsWith("\\") && index + 1 < lines.length) index++;
  }
  return { installs };
}

function isTooLong(line: string): boolean {
  return line.length * 3 >= lineLimitBytes && Buffer.byteLength(line) >= lineLimitBytes;
}

function failure(index: number, message: string): UnitText {
  return { installs: false, problem: { line: index + 1, message } };
}

function shorten(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 60)}…` : line);
}

/** Go's idea of space, which has U+0085 and lacks U+FEFF. */
function trim(line: string): string {
  return line
    .replace(/^[\t\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/, "")
    .replace(/[\t\v\f\r ]+$/, "");
}
