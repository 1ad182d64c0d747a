// SPDX-License-Identifier: Apache-2.0
// Times, sizes and texts as a person reads them.

/** `0.2 s`, `77.5 s`, `3 min 12 s`. */
export function duration(ms: number): string {
  const tenths = Math.round(ms / 100);
  if (tenths < 1000) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `40 %`. */
export function share(part: number, whole: number): string {
  return whole <= 0 ? "0 %" : `${Math.round((100 * part) / whole)} %`;
}

/** `44.1 MB`. */
export function megabytes(bytes: number): string {
  const mb = bytes / 1e6;
  return `${mb < 100 ? mb.toFixed(1) : Math.round(mb)} MB`;
}

/** `2026-11-25 01:58:03 UTC`. */
export function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/**
 * Text from anywhere as one that neither a terminal nor a browser obeys: control characters, invisible ones and those that
 * turn the direction of what follows are shown as a replacement. Tabs and ends of lines stay.
 */
export function harmless(text: string): string {
  return text.replaceAll(/(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\ufffd");
}

/** Text from anywhere in HTML's text and quoted attributes. */
export function escapeHtml(text: string): string {
  return harmless(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
