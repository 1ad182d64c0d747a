// SPDX-License-Identifier: Apache-2.0
// Tells URLs apart whose shown forms are the same: the query belongs to what an image is known by, but may hold secrets.
import { createHash } from "node:crypto";
import type { ImageRecord } from "../store/record.ts";
import { show } from "./net/http.ts";

/**
 * Of everything by which a server tells contents apart. Not of credentials: they say who asks, and a digest would help whoever
 * reads the record to guess a password. Not to be shown.
 */
export function sourceDigest(url: URL): string {
  return createHash("sha256")
    .update(`${show(url)}${url.search}`)
    .digest("hex");
}

/** Records of versions before this digest have none: what they say is enough only for a URL without query. */
export function isFrom(url: URL, record: Pick<ImageRecord, "source" | "sourceDigest">): boolean {
  return record.sourceDigest === ""
    ? url.search === "" && record.source === show(url)
    : record.sourceDigest === sourceDigest(url);
}
