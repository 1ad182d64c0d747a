// SPDX-License-Identifier: Apache-2.0
// Checks URLs. Stricter than Go's parser, which Ignition uses: only what RFC 3986 allows, with a host.
import type { Code } from "../codes.ts";
import { decodeDataUrl } from "../data-url.ts";

interface UrlProblem {
  readonly code: Code;
  readonly text: string;
}

/** The URL schemes that Ignition fetches from the network. */
export const remoteSchemes = ["http", "https", "tftp", "s3", "gs", "arn"] as const;

const character = "[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}";
const host = "(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9.]|\\[[0-9A-Fa-f:.]+\\])";
const user = "(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*@";
const tail = `(?:/(?:${character}|/)*)?(?:\\?(?:${character}|[/?])*)?(?:#(?:${character}|[/?])*)?`;
const hierarchical = new RegExp(`^[a-z0-9]+://(?:${user})?${host}(?::[0-9]{1,5})?${tail}$`);
const arn = /^arn:[a-z-]+:s3:[a-z0-9-]*:[0-9]*:[A-Za-z0-9._:-]+\/[^?# \p{Cc}]+(\?[^# \p{Cc}]*)?$/u;

/** What is wrong with a URL, or undefined. */
export function urlProblem(
  url: string,
  schemes: readonly string[] = [...remoteSchemes, "data"],
): UrlProblem | undefined {
  const scheme = schemeOf(url);
  if (scheme === undefined) {
    const text = `is ${shown(url)}, expected a URL of ${schemes.join(", ")}`;
    // Go takes what has no colon as a relative URL and then misses the scheme
    return { code: url.includes(":") ? "ErrInvalidUrl" : "ErrInvalidScheme", text };
  }
  if (!schemes.includes(scheme)) {
    const text = `has the scheme "${scheme}", expected one of ${schemes.join(", ")}`;
    return { code: "ErrInvalidScheme", text };
  }
  if (scheme === "data") return dataProblem(url);
  if (scheme === "arn") return arnProblem(url);
  // The pattern says which characters there may be; the other parser reads addresses and ports
  if (!hierarchical.test(url) || !URL.canParse(url)) {
    return { code: "ErrInvalidUrl", text: `is ${shown(url)}, expected a URL with a host` };
  }
  return scheme === "s3" ? versionProblem(url) : undefined;
}

/** The scheme of a URL as Ignition sees it, or undefined. */
export function schemeOf(url: string): string | undefined {
  return /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(url)?.[1]?.toLowerCase();
}

/** A URL or other text for a message: short, on one line, without user and password. */
export function shown(url: string, limit = 80): string {
  const hidden = url.replace(/:\/\/[^/@]*@/, "://…@");
  return JSON.stringify(hidden.length > limit ? `${hidden.slice(0, limit)}…` : hidden);
}

function dataProblem(url: string): UrlProblem | undefined {
  if (decodeDataUrl(url) !== undefined) return undefined;
  return { code: "InvalidDataUrl", text: `is ${shown(url)}, which cannot be decoded` };
}

function arnProblem(url: string): UrlProblem | undefined {
  if (arn.test(url)) return versionProblem(url);
  const text = `is ${shown(url)}, expected arn:aws:s3:::bucket/key`;
  return { code: "ErrInvalidS3ARN", text };
}

function versionProblem(url: string): UrlProblem | undefined {
  const query = /\?([^#]*)/.exec(url)?.[1] ?? "";
  const version = new URLSearchParams(query).get("versionId");
  if (version !== "") return undefined;
  return { code: "ErrInvalidS3ObjectVersionId", text: `has an empty versionId: ${shown(url)}` };
}
