// SPDX-License-Identifier: Apache-2.0
// What a node's config is made of, as digests by name: previews then say which file, unit or certificate makes a new machine
// necessary, also where one of them is not known yet and the config as a whole is neither.

import { createHash, createHmac } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

/** For `contents` of a machine. */
export interface ConfigContents {
  readonly config: pulumi.Output<Readonly<Record<string, string>>>;
  readonly keys: Readonly<Record<string, pulumi.Output<string>>>;
}

/** 48 bits: enough to see a difference, and short enough to be looked at. */
const DIGEST_DIGITS = 12;

/**
 * `parts` are a config's parts without keys and certificates; they may hold secrets of the user's own all the same, so that
 * their digests are made with a key: nobody who reads a preview can try what they might be.
 */
export function configContents(
  parts: pulumi.Output<Readonly<Record<string, string>>>,
  key: pulumi.Output<string>,
  keys: ConfigContents["keys"],
): ConfigContents {
  const digests = pulumi
    .all([parts, key])
    .apply(([texts, secret]) =>
      Object.fromEntries(
        Object.entries(texts).map(([name, text]) => [name, keyedDigest(secret, text)]),
      ),
    );
  return { config: pulumi.unsecret(digests), keys };
}

/** Tells one certificate or public key from another. */
export function fingerprint(pem: pulumi.Output<string>): pulumi.Output<string> {
  return pem.apply((text) =>
    createHash("sha256").update(text).digest("hex").slice(0, DIGEST_DIGITS),
  );
}

function keyedDigest(key: string, text: string): string {
  return createHmac("sha256", key).update(text).digest("hex").slice(0, DIGEST_DIGITS);
}
