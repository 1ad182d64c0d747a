// SPDX-License-Identifier: Apache-2.0
// Finds the secrets of a node's Ignition config, so that they can be taken out of whatever may repeat them. Rather too much
// than too little: what looks like one is one. Pure.

import { gunzipSync } from "node:zlib";
import { parseAllDocuments } from "yaml";
import { decodeDataUrl } from "../../../modules/ignition/data-url.ts";
import { fieldsOf, isSecretName, textOf } from "./fields.ts";

/** Shorter words would be found everywhere. */
const MIN_CHARACTERS = 6;

/** Kubernetes' own files are full of words that are no secrets; those in them have names. */
const MANIFESTS = /^\/etc\/kubernetes\/((manifests|addons)\/.*|[^/]+\.(conf|yaml))$/;

/** Everything in the config that nobody else may see, longest first. */
export function secretsOf(config: unknown): readonly string[] {
  const storage = fieldsOf(fieldsOf(config)["storage"]);
  const passwd = fieldsOf(fieldsOf(config)["passwd"]);
  const found = [
    ...listOf(storage["files"]).flatMap(ofFile),
    ...listOf(storage["luks"]).flatMap((device) =>
      wordsOf(inlineText(fieldsOf(device)["keyFile"]) ?? ""),
    ),
    ...listOf(passwd["users"]).map((user) => textOf(fieldsOf(user)["passwordHash"])),
    ...unitsOf(config).flatMap(assigned),
    ...named(config),
  ];
  return [...new Set(found.filter((text) => text.length >= MIN_CHARACTERS))].sort(
    (a, b) => b.length - a.length,
  );
}

/** Whether only the file's owner may read it. */
export function isPrivate(file: unknown): boolean {
  const mode = fieldsOf(file)["mode"];
  return typeof mode === "number" && (mode & 0o044) === 0;
}

/** The text that a resource of the config has in itself; undefined of one that is fetched. */
export function inlineText(resource: unknown): string | undefined {
  const { source, compression } = fieldsOf(resource);
  const bytes = typeof source === "string" ? decodeDataUrl(source) : undefined;
  if (bytes === undefined) return undefined;
  return Buffer.from(compression === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8");
}

function ofFile(file: unknown): readonly string[] {
  const path = textOf(fieldsOf(file)["path"]);
  const resources = [fieldsOf(file)["contents"], ...listOf(fieldsOf(file)["append"])];
  return resources.flatMap((resource) => {
    const text = inlineText(resource) ?? "";
    const words = isPrivate(file) && !MANIFESTS.test(path) ? wordsOf(text) : [];
    return [...words, ...keyLines(text), ...ofDocuments(text), ...assigned(text)];
  });
}

/** Lines, and what in them is no plain word. */
function wordsOf(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    if (/^-----(BEGIN|END) /.test(line)) return [];
    const words = line
      .split(/[\s"'`,;{}[\]()<>]+/)
      .flatMap((word) => [word, ...word.split(/[:=]/)]);
    return [line.trim(), ...words.filter((word) => word.length >= 8 && /[0-9A-Z]/.test(word))];
  });
}

/** Texts of units and of their drop-ins. */
function unitsOf(config: unknown): readonly string[] {
  const units = listOf(fieldsOf(fieldsOf(config)["systemd"])["units"]);
  return units
    .flatMap((unit) => [unit, ...listOf(fieldsOf(unit)["dropins"])])
    .map((part) => textOf(fieldsOf(part)["contents"]));
}

/** Values of variables with a secret's name: `DB_PASSWORD=…`. */
function assigned(text: string): readonly string[] {
  return [...text.matchAll(/(?=\b([\w.-]+)=["']?([^\s"']+))/g)].flatMap(
    ([, name = "", value = ""]) => (isSecretName(name) ? [value] : []),
  );
}

/** Lines of private keys in PEM. */
function keyLines(text: string): readonly string[] {
  return [...text.matchAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----([\s\S]*?)-----END /g)].flatMap(
    ([, body = ""]) => body.split(/\s+/).filter((line) => line.length >= 16),
  );
}

/** Of YAML and JSON: what has the name of a secret, and the data of Kubernetes' Secrets. */
function ofDocuments(text: string): readonly string[] {
  // Most files are no YAML: then there is nothing with a name in them.
  if (text.length > 1 << 20 || !text.includes(":")) return [];
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors.length > 0) return [];
    const value: unknown = document.toJS({ maxAliasCount: 100 });
    return named(value);
  });
}

function named(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(named);
  if (typeof value !== "object" || value === null) return [];
  const fields = fieldsOf(value);
  const variable = isSecretName(textOf(fields["name"])) ? texts(fields["value"]) : [];
  const kubernetes = fields["kind"] === "Secret" ? secretData(fields) : [];
  const members = Object.entries(fields).flatMap(([name, member]) =>
    isSecretName(name) ? ofSecretMember(member) : named(member),
  );
  return [...variable, ...kubernetes, ...members];
}

/** A text is the secret; in what is more, short plain words may be the names of others. */
function ofSecretMember(member: unknown): readonly string[] {
  return typeof member === "string"
    ? texts(member)
    : texts(member).filter(
        (text) => text.length >= 16 || (text.length >= 8 && /[0-9A-Z]/.test(text)),
      );
}

function secretData(secret: Readonly<Record<string, unknown>>): readonly string[] {
  const encoded = texts(secret["data"]);
  const plain = texts(secret["stringData"]);
  return [
    ...encoded,
    ...encoded.flatMap((text) => wordsOf(Buffer.from(text, "base64").toString("utf8"))),
    ...plain.flatMap((text) => [...wordsOf(text), Buffer.from(text).toString("base64")]),
  ];
}

/** All texts in a value. */
function texts(value: unknown): readonly string[] {
  if (typeof value === "string")
    return [value.trim(), ...value.split("\n").map((line) => line.trim())];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(texts);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
