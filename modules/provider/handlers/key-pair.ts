// SPDX-License-Identifier: Apache-2.0
// KeyPair: an ECDSA P-256 key, as Kubernetes uses for service account tokens. Made once, it stays until it is replaced.

import { createHash } from "node:crypto";
import type { ResourceHandler } from "../handler.ts";
import { generateKeys } from "../pki/key.ts";

export const keyPair: ResourceHandler = {
  type: "corefly:index:KeyPair",
  schema: {
    description: "An ECDSA P-256 key pair.",
    inputs: {},
    outputs: {
      publicKeyPem: { type: "string", description: "The public key, SPKI in PEM." },
      privateKeyPem: {
        type: "string",
        secret: true,
        description: "The private key, PKCS #8 in PEM.",
      },
    },
  },

  async create() {
    const { publicKeyPem, privateKeyPem } = await generateKeys();
    const id = createHash("sha256").update(publicKeyPem).digest("hex");
    return { id, outputs: { publicKeyPem, privateKeyPem } };
  },
};
