// SPDX-License-Identifier: Apache-2.0
// Reads what a machine writes to its serial console: the only voice of one that does not come up.

/** Begins lines of the lab image's initramfs that say what went wrong. */
export const REPORT_PREFIX = "corefly-lab:";

/** Signs of a machine that will not come up by itself. */
const DEAD_ENDS: readonly RegExp[] = [
  /Kernel panic - not syncing.*/,
  /You are in emergency mode.*/,
  /Entering emergency mode.*/,
  /Press Enter for (emergency )?maintenance/,
];

/** Without colours and other control sequences, as lines. */
export function consoleLines(text: string): readonly string[] {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' control sequences
      .replaceAll(/\u001b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9])/g, "")
      .split(/\r\n|\n|\r/)
      .map((line) => line.trimEnd())
      .filter((line) => line !== "")
  );
}

/** Why the machine does not come up, in one line; undefined while it may. */
export function consoleFailure(lines: readonly string[]): string | undefined {
  const end = lines.find((line) => DEAD_ENDS.some((pattern) => pattern.test(line)));
  if (end === undefined) return undefined;
  const reports = lines
    .filter((line) => line.startsWith(REPORT_PREFIX))
    .map((line) => line.slice(REPORT_PREFIX.length).trim());
  const [report] = reports.filter((line) => /CRITICAL|failed|ERROR/i.test(line));
  if (report !== undefined) return report.replace(/^(CRITICAL|ERROR)\s*:\s*/, "");
  const failed = lines.find((line) => /\[(FAILED|DEPEND)\]/.test(line));
  return failed?.trim() ?? reports[0] ?? end.trim();
}

/** Whether the console says that the machine is up; for machines whose journal does not come. */
export function consoleUp(lines: readonly string[]): boolean {
  return lines.some((line) => /Reached target .*(multi-user\.target|Multi-User System)/.test(line));
}

/** Whether the last kernel that began on the console is still on its way: it has started no program, no disk is in use. */
export function kernelStarts(lines: readonly string[]): boolean {
  const begun = lines.findLastIndex((line) => /\] Linux version /.test(line));
  return begun >= 0 && !lines.slice(begun).some((line) => /\] Run \S+ as init process/.test(line));
}
