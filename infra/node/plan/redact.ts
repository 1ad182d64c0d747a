// SPDX-License-Identifier: Apache-2.0
// Takes secrets out of texts: those that are known, wherever they stand, and those that look like one. Pure.

import { fieldsOf, isSecretName } from "./fields.ts";
import { inlineText, isPrivate } from "./secrets.ts";

export const REDACTED = "[redacted]";

export type Redactor = (text: string) => string;

const NAMES = "(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|private[-_]?key|credentials?)";

/** Lengths are bounded: a node may send anything. */
const LOOKS_SECRET: ReadonlyArray<readonly [RegExp, string]> = [
  [/-----BEGIN ([A-Z ]*)PRIVATE KEY-----[\s\S]*?(-----END \1PRIVATE KEY-----|$)/g, REDACTED],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, REDACTED],
  [/\b(Authorization["']?: *["']?(?:Bearer|Basic)|Bearer) +[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`],
  [/(\/\/)[^\s/@"':]{1,128}:[^\s/@"']{1,128}@/g, `$1${REDACTED}@`],
  [
    new RegExp(
      // A name that has the word in it before `=`, one that ends with it before `:`, which prose has too.
      `\\b([\\w.-]{0,64}(?:${NAMES}(?:[\\w.-]{0,64}\\\\?["']? *=|\\\\?["']? *:)) *\\\\?["']?)(?![/[])[^\\s"',;&\\\\]{4,}`,
      "gi",
    ),
    `$1${REDACTED}`,
  ],
];

/** A function that takes these secrets out, and what looks like one. */
export function redactor(secrets: readonly string[]): Redactor {
  return (text) => {
    const known = secrets.reduce(
      (left, secret) => (left.includes(secret) ? left.replaceAll(secret, REDACTED) : left),
      text,
    );
    return LOOKS_SECRET.reduce((left, [pattern, mask]) => left.replaceAll(pattern, mask), known);
  };
}

/** A line of the journal, in every field; what is no JSON as it is. Bytes become text, in which they can be looked through. */
export function redactJournalLine(line: string, redact: Redactor): string {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return redact(line);
  }
  const fields = Object.entries(fieldsOf(entry)).map(([name, value]) => [
    name,
    redactValue(value, redact),
  ]);
  return JSON.stringify(Object.fromEntries(fields));
}

function redactValue(value: unknown, redact: Redactor): unknown {
  if (typeof value === "string") return redact(value);
  if (!Array.isArray(value)) return value;
  return value.every((item) => typeof item === "number")
    ? redact(Buffer.from(value).toString("utf8"))
    : value.map((item: unknown) => redactValue(item, redact));
}

/**
 * An Ignition config to be read by others: contents as text where everybody on the node may read them, else only how long
 * they are.
 */
export function redactConfig(config: unknown, redact: Redactor): unknown {
  if (Array.isArray(config)) return config.map((item) => redactConfig(item, redact));
  if (typeof config === "string") return redact(config);
  if (typeof config !== "object" || config === null) return config;
  const secret = isPrivate(config) || typeof fieldsOf(config)["keyFile"] === "object";
  return Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      isSecretName(name) || name === "httpHeaders"
        ? REDACTED
        : redactMember(name, value, secret, redact),
    ]),
  );
}

function redactMember(name: string, value: unknown, secret: boolean, redact: Redactor): unknown {
  if (name === "contents" || name === "keyFile") return redactResource(value, secret, redact);
  if (name === "append" && Array.isArray(value)) {
    return value.map((resource) => redactResource(resource, secret, redact));
  }
  return redactConfig(value, redact);
}

function redactResource(resource: unknown, secret: boolean, redact: Redactor): unknown {
  // Of a unit the contents are text.
  if (typeof resource === "string") return redact(resource);
  const text = inlineText(resource);
  if (text === undefined) {
    const { source, ...others } = fieldsOf(resource);
    const address = typeof source === "string" ? redact(source.replace(/[?#].*$/, "")) : source;
    return { source: address, ...fieldsOf(redactConfig(others, redact)) };
  }
  return { text: secret ? `${REDACTED}, ${Buffer.byteLength(text)} bytes` : redact(text) };
}
