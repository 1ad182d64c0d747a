// SPDX-License-Identifier: Apache-2.0
// Says what is being done: on a terminal in one line that is written over, elsewhere a line now and then.

const EVERY_MS = 5000;

let said = { stage: "", atMs: 0 };

/** `text` may have figures that grow. */
export function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001b[K${text}`);
    return;
  }
  const stage = text.replaceAll(/\d+/g, "");
  const now = performance.now();
  if (stage !== said.stage || now - said.atMs > EVERY_MS) {
    said = { stage, atMs: now };
    process.stderr.write(`${text}\n`);
  }
}

/** The line is done with. */
export function progressEnd(): void {
  if (process.stderr.isTTY) {
    process.stderr.write("\r\u001b[K");
  }
}
