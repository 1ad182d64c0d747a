// SPDX-License-Identifier: Apache-2.0
// The kernel's `struct termios` as bytes: four words of flags, the line discipline, then the control characters.

export const TERMIOS_BYTES = 36;

const WORDS = { input: 0, output: 4, control: 8, local: 12 } as const;
const CHARACTERS = 17;
const VTIME = 5;
const VMIN = 6;

/** IGNBRK, BRKINT, PARMRK, ISTRIP, INLCR, IGNCR, ICRNL, IXON */
const INPUT = 0o1 | 0o2 | 0o10 | 0o40 | 0o100 | 0o200 | 0o400 | 0o2000;
const OPOST = 0o1;
const CSIZE = 0o60;
const CS8 = 0o60;
const PARENB = 0o400;
/** ISIG, ICANON, ECHO, ECHONL, IEXTEN */
const LOCAL = 0o1 | 0o2 | 0o10 | 0o100 | 0o100000;

/** What cfmakeraw(3) makes of a terminal's mode. */
export function rawMode(termios: Buffer): Buffer {
  const raw = Buffer.from(termios);
  const change = (offset: number, clear: number, set = 0) => {
    raw.writeUInt32LE(((raw.readUInt32LE(offset) & ~clear) | set) >>> 0, offset);
  };
  change(WORDS.input, INPUT);
  change(WORDS.output, OPOST);
  change(WORDS.control, CSIZE | PARENB, CS8);
  change(WORDS.local, LOCAL);
  raw[CHARACTERS + VMIN] = 1;
  raw[CHARACTERS + VTIME] = 0;
  return raw;
}
