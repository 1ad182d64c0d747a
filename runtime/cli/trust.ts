// SPDX-License-Identifier: Apache-2.0
// `corefly trust`: which keys may sign which images.
import { resolve } from "node:path";
import { NotFoundError, TrustError, UsageError } from "../errors.ts";
import { discover, fillTemplate } from "../image/net/discovery.ts";
import { parseUrl, readBody, statusError } from "../image/net/http.ts";
import { loadFetchSettings } from "../image/net/settings.ts";
import { type Web, webOf } from "../image/net/web.ts";
import { parseKey, spacedFingerprint, type TrustKey } from "../trust/key.ts";
import { Keystore } from "../trust/keystore.ts";
import { configDirectories } from "./fetch-options.ts";
import { type FlagSpec, type ParsedFlags, parseFlags } from "./flags.ts";
import { readLine } from "./read-line.ts";
import type { Verb, VerbContext } from "./verb.ts";

const FLAGS: readonly FlagSpec[] = [
  {
    name: "prefix",
    kind: "string",
    value: "NAME",
    help: "Trust for images of this name and below it",
  },
  { name: "root", kind: "boolean", help: "Trust for every image" },
  {
    name: "skip-fingerprint-review",
    kind: "boolean",
    help: "Do not ask whether the fingerprint is right",
  },
  { name: "insecure-allow-http", kind: "boolean", help: "Allow to fetch keys over http" },
];

/** A key with many subkeys and signatures has some kilobytes. */
const MAX_KEY_BYTES = 4 * 1024 * 1024;

export const verb: Verb = {
  name: "trust",
  summary: "Trust a key for images",
  usage: "(--prefix=NAME | --root) [--skip-fingerprint-review] [PUBKEY|URL...]",
  flags: FLAGS,
  description: `PUBKEY is an OpenPGP public key, armored or not. Without one, keys are discovered at https://NAME. A key trusted for
example.com/apps may sign example.com/apps and example.com/apps/web, not example.com/apps2.
`,
  run,
};

async function run(args: readonly string[], context: VerbContext): Promise<number> {
  const flags = parseFlags(FLAGS, args);
  const prefix = flags.string("prefix");
  const isRoot = flags.boolean("root");
  if (isRoot === (prefix !== undefined)) {
    throw new UsageError("Cannot trust: expected either --prefix=NAME or --root");
  }
  const { globals, system, signal } = context;
  const settings = await loadFetchSettings(configDirectories(context), system);
  const web = webOf(settings, globals.insecureOptions, signal);
  const places = await keyPlaces(flags, prefix, web);
  const keystore = new Keystore([globals.systemConfigDir, globals.localConfigDir], system);
  for (const place of places) {
    const key = await parseKey(await readKey(place, flags, web, context), `"${place}"`);
    await trustOne(key, place, prefix, flags, keystore, context);
  }
  return 0;
}

async function keyPlaces(
  flags: ParsedFlags,
  prefix: string | undefined,
  web: Web,
): Promise<readonly string[]> {
  if (flags.positionals.length > 0) {
    return flags.positionals;
  }
  if (prefix === undefined) {
    throw new UsageError("Cannot trust: --root needs a key file or URL");
  }
  const urls = await discover(prefix, "ac-discovery-pubkeys", web);
  return urls.flatMap((url) => fillTemplate(url, { name: prefix }) ?? []);
}

async function readKey(
  place: string,
  flags: ParsedFlags,
  web: Web,
  { system, cwd, globals }: VerbContext,
): Promise<Uint8Array> {
  if (!/^https?:\/\//.test(place)) {
    const path = resolve(cwd, place.replace(/^file:\/\//, ""));
    if (system.files.statSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
      throw new NotFoundError(`Cannot trust: no key file "${place}"`);
    }
    return system.files.readFile(path);
  }
  const url = parseUrl(place);
  const allowsHttp = flags.boolean("insecure-allow-http") || globals.insecureOptions.has("pubkey");
  if (url.protocol === "http:" && !allowsHttp) {
    throw new TrustError(`Cannot trust "${place}": a key over http needs --insecure-allow-http`);
  }
  const response = await web.open(url, { allowHttp: allowsHttp });
  if (response.status !== 200) {
    throw statusError(response, `key "${place}"`);
  }
  return readBody(response, MAX_KEY_BYTES);
}

async function trustOne(
  key: TrustKey,
  place: string,
  prefix: string | undefined,
  flags: ParsedFlags,
  keystore: Keystore,
  context: VerbContext,
): Promise<void> {
  const { out, warn, globals } = context;
  warn(`prefix: "${prefix ?? ""}"`, "pubkey");
  warn(`key: "${place}"`, "pubkey");
  out(describe(key));
  const isReviewed =
    !flags.boolean("skip-fingerprint-review") && !isTrustedByTls(place, globals.trustKeysFromHttps);
  if (isReviewed && !(await confirm(context))) {
    throw new TrustError(`Not trusting "${place}"`);
  }
  const how = isReviewed ? "after fingerprint review" : "without fingerprint review";
  out(
    prefix === undefined
      ? `Trusting "${place}" for all prefixes ${how}.\n`
      : `Trusting "${place}" for prefix "${prefix}" ${how}.\n`,
  );
  const path = await keystore.add(key, prefix);
  out(
    prefix === undefined
      ? `Added root key at "${path}"\n`
      : `Added key for prefix "${prefix}" at "${path}"\n`,
  );
}

function isTrustedByTls(place: string, trustKeysFromHttps: boolean): boolean {
  return trustKeysFromHttps && place.startsWith("https://");
}

function describe(key: TrustKey): string {
  const subkeys = key.subkeyFingerprints.map(
    (fingerprint) => `    Subkey fingerprint: ${spacedFingerprint(fingerprint)}\n`,
  );
  const users = key.userIds.map((user) => `\t${user}\n`);
  return `gpg key fingerprint is: ${spacedFingerprint(key.fingerprint)}\n${subkeys.join("")}${users.join("")}`;
}

/** Asks until the answer is one. The end of the input is a no. */
async function confirm(context: VerbContext): Promise<boolean> {
  for (;;) {
    context.out("Are you sure you want to trust this key (yes/no)?\n");
    const answer = readLine(context.system)?.trim().toLowerCase();
    if (answer === "yes" || answer === "no" || answer === undefined) {
      return answer === "yes";
    }
    context.out("Please enter 'yes' or 'no'\n");
  }
}
