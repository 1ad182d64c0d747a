// SPDX-License-Identifier: Apache-2.0
// Every kind of resource that the provider serves: add a line for a new one.

import type { ResourceHandler } from "./handler.ts";
import { artifacts } from "./handlers/artifacts.ts";
import { certificate } from "./handlers/certificate.ts";
import { certificateAuthority } from "./handlers/certificate-authority.ts";
import { clusterReady } from "./handlers/cluster-ready.ts";
import { disk } from "./handlers/disk.ts";
import { imageSignature } from "./handlers/image-signature.ts";
import { keyPair } from "./handlers/key-pair.ts";
import { labImage } from "./handlers/lab-image.ts";
import { mirror } from "./handlers/mirror.ts";
import { qemuMachine } from "./handlers/qemu-machine.ts";
import { signingKey } from "./handlers/signing-key.ts";

export const handlers: readonly ResourceHandler[] = [
  artifacts,
  certificateAuthority,
  certificate,
  keyPair,
  signingKey,
  imageSignature,
  clusterReady,
  disk,
  labImage,
  mirror,
  qemuMachine,
];
