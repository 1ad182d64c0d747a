// SPDX-License-Identifier: Apache-2.0
// The programs of QEMU that machines need.

/** Runs a machine. */
export const QEMU = "qemu-system-x86_64";

/** Makes disk images. */
export const QEMU_IMG = "qemu-img";

/** What a program is not found for, with the command that installs it. */
export function missingProgram(program: string): string {
  const packageName = program === QEMU ? "qemu-system-x86" : "qemu-utils";
  return `Cannot run ${program}: it is not installed, expected it from: apt-get install -y --no-install-recommends ${packageName}`;
}
