// SPDX-License-Identifier: Apache-2.0
// Removes part of a tree whose names are bytes, not text. Only for trees in which nothing is mounted.
import { isMissing } from "../../system/files.ts";
import type { System } from "../../system/system.ts";

/** Fine when it is not there, or when somebody else removes it at the same time. */
export function removeBytes(path: Buffer, system: System): void {
  const { files } = system;
  try {
    if (files.lstatSync(path).isDirectory()) {
      for (const name of files.readdirSync(path, { encoding: "buffer" })) {
        removeBytes(Buffer.concat([path, Buffer.from("/"), name]), system);
      }
      files.rmdirSync(path);
    } else {
      files.unlinkSync(path);
    }
  } catch (cause) {
    if (!isMissing(cause)) {
      throw cause;
    }
  }
}
