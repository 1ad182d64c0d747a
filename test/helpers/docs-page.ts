// SPDX-License-Identifier: Apache-2.0
// What a page of the documentation claims: its fenced blocks, the commands in them, and the output that it shows.
//
//   ```console                     run in order, in one shell a page: `$ ` begins a command, `> ` goes on with it, and what
//                                  follows is its output. A command that ends with another code than 0 is followed by `$ echo $?`.
//   ```console not run: REASON     not run; a test has the list of these
//   ```json FILE                   as ```json, and written to FILE, for the commands below it
//
// In shown output `…` and `<word>` stand for any text, a line that is only `…` for any lines, and a run of blanks is a blank.

/** A fenced block. */
export interface Block {
  /** Of its first fence, from 1. */
  readonly line: number;
  /** "console", "json"…; empty where the fence says nothing. */
  readonly language: string;
  /** What the fence says behind the language. */
  readonly note: string;
  readonly text: string;
}

/** A command with what the page shows below it. */
export interface Shown {
  readonly line: number;
  readonly command: string;
  readonly output: readonly string[];
}

/** All blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split("\n");
  const fences = lines.flatMap((text, index) => (/^```/.test(text) ? [index] : []));
  if (fences.length % 2 !== 0) {
    throw new Error(`The fence in line ${(fences.at(-1) ?? 0) + 1} is not closed`);
  }
  return Array.from({ length: fences.length / 2 }, (_, index) => {
    const [start = 0, end = 0] = fences.slice(2 * index, 2 * index + 2);
    const [, language = "", note = ""] = /^```(\S*) *(.*)$/.exec(lines[start] ?? "") ?? [];
    const text = lines.slice(start + 1, end).map((line) => `${line}\n`);
    return { line: start + 1, language, note, text: text.join("") };
  });
}

/** The commands of a console block. */
export function commandsOf(block: Block): readonly Shown[] {
  const shown: { line: number; command: string; output: string[] }[] = [];
  for (const [index, text] of block.text.trimEnd().split("\n").entries()) {
    const last = shown.at(-1);
    if (text.startsWith("$ ")) {
      shown.push({ line: block.line + 1 + index, command: text.slice(2), output: [] });
    } else if (last === undefined) {
      throw new Error(`Line ${block.line + 1 + index} is output of no command: "${text}"`);
    } else if (text.startsWith("> ") && last.output.length === 0) {
      last.command += `\n${text.slice(2)}`;
    } else {
      last.output.push(text);
    }
  }
  return shown;
}

/** Whether a command said what the page shows. */
export function isAsShown(shown: readonly string[], actual: string): boolean {
  const said = lines(actual).map(plain);
  const wanted = shown.map(plain);
  while (wanted.at(-1) === "") wanted.pop();
  return fits(wanted, said);
}

function lines(text: string): readonly string[] {
  const trimmed = text.trimEnd();
  return trimmed === "" ? [] : trimmed.split("\n");
}

function fits(wanted: readonly string[], said: readonly string[]): boolean {
  const [first, ...rest] = wanted;
  if (first === undefined) return said.length === 0;
  if (first === "…") {
    return Array.from({ length: said.length + 1 }, (_, skip) => skip).some((skip) =>
      fits(rest, said.slice(skip)),
    );
  }
  return said.length > 0 && pattern(first).test(said[0] ?? "") && fits(rest, said.slice(1));
}

function plain(line: string): string {
  return line.trim().replaceAll(/\s+/g, " ");
}

function pattern(line: string): RegExp {
  const parts = line
    .split(/…|<[a-z][a-z -]*>/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}
