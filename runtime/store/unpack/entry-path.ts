// SPDX-License-Identifier: Apache-2.0
// Paths of archives, cleaned: parts joined by single slashes, nothing else. A path that could lead out is refused, not repaired.
import { InvalidArchiveError } from "../../errors.ts";
import { display } from "../../image/tar/entry.ts";

const MAX_NAME_BYTES = 255; // NAME_MAX

/** Leading and double slashes and "." parts go, as every tar does it; "" is the root. ".." and overlong names are refused. */
export function cleanEntryPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new InvalidArchiveError(
      `Cannot unpack image: entry "${display(path)}" has a ".." in its path`,
    );
  }
  if (parts.some((part) => part.length > MAX_NAME_BYTES)) {
    throw new InvalidArchiveError(
      `Cannot unpack image: entry "${display(path)}" has a name of more than ${MAX_NAME_BYTES} bytes`,
    );
  }
  return parts.join("/");
}
