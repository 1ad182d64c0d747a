// SPDX-License-Identifier: Apache-2.0
// Inline data of a config: `data:` URLs, made for builders and taken apart for checks.

/** The data URL of text (as UTF-8) or bytes; base64, because what is inline is read by machines. */
export function dataUrl(content: string | Uint8Array): string {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (bytes.byteLength === 0) return "data:,";
  return `data:;base64,${Buffer.from(bytes).toString("base64")}`;
}

// A token of RFC 2045; the media types are those that Ignition's parser knows
const token = "[!#$%&'*+.^_`{|}~0-9A-Za-z-]+";
const mediaType = `(?:(?:text|image|audio|video|application|message|multipart)|[xX]-${token})/${token}`;
const prefix = new RegExp(`^data:(?:${mediaType})?((?:;${token}=[A-Za-z0-9._-]+)*)(;base64)?,`);
const plain = /^(?:[!$&'()*+,./:;=?@_~A-Za-z0-9-]|%[0-9A-Fa-f]{2})*$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The bytes of a data URL, or undefined if it has none. Stricter than Ignition's parser: no quoted parameters, and what
 * has a meaning in URLs is escaped.
 */
export function decodeDataUrl(url: string): Uint8Array | undefined {
  const head = prefix.exec(url);
  if (head === null) return undefined;
  const body = url.slice(head[0].length);
  if (head[2] !== undefined) return base64.test(body) ? Buffer.from(body, "base64") : undefined;
  return plain.test(body) ? percentDecode(body) : undefined;
}

function percentDecode(text: string): Uint8Array {
  const latin1 = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(latin1, "latin1");
}
