// SPDX-License-Identifier: Apache-2.0
// SigningKey: an OpenPGP key that signs images. Nodes trust its public half.

import { generateKey, readKey } from "openpgp";
import type { ResourceHandler } from "../handler.ts";
import { MAX_VALIDITY_HOURS } from "../pki/validity.ts";
import { optionalNumber, textOf } from "../read-values.ts";

/** Nodes' clocks may be behind the workstation's: a key of the future verifies nothing. */
const BACKDATE_MS = 3_600_000;

export const signingKey: ResourceHandler = {
  type: "corefly:index:SigningKey",
  schema: {
    description: "An OpenPGP key that signs images.",
    inputs: {
      userId: {
        type: "string",
        description: "Whose it is: `Name <address>`.",
        required: true,
        replaces: true,
        pattern: /[^<>\p{Cc}]*[^<>\p{Cc}\s] <[^<>\s\p{Cc}@]+@[^<>\s\p{Cc}@]+>/u,
        patternHint: "a text like `Name <name@example.test>`",
      },
      validityHours: {
        type: "integer",
        description: "How long it is valid; without it, it never ends.",
        replaces: true,
        minimum: 1,
        maximum: MAX_VALIDITY_HOURS,
      },
    },
    outputs: {
      publicKey: { type: "string", description: "The public key, armored." },
      fingerprint: { type: "string", description: "40 hexadecimal digits in lower case." },
      privateKey: { type: "string", secret: true, description: "The private key, armored." },
    },
  },

  async create(inputs, context) {
    const [, name, email] = /^(.*) <(.*)>$/u.exec(textOf(inputs, "userId")) ?? [];
    const hours = optionalNumber(inputs, "validityHours");
    // Ed25519 in the form of RFC 4880's extensions: GnuPG 2.2 and every other verifier know it.
    const { publicKey, privateKey } = await generateKey({
      type: "ecc",
      curve: "ed25519Legacy",
      userIDs: { name: name ?? "", email: email ?? "" },
      date: new Date(context.now() - BACKDATE_MS),
      ...(hours === undefined ? {} : { keyExpirationTime: hours * 3600 + BACKDATE_MS / 1000 }),
      format: "armored",
    });
    const fingerprint = (await readKey({ armoredKey: publicKey })).getFingerprint();
    return { id: fingerprint, outputs: { publicKey, fingerprint, privateKey } };
  },
};
