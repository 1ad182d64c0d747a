// SPDX-License-Identifier: Apache-2.0
// Every kind of resource that the provider serves: add a line for a new one.

import type { ResourceHandler } from "./handler.ts";
import { certificate } from "./handlers/certificate.ts";
import { certificateAuthority } from "./handlers/certificate-authority.ts";
import { keyPair } from "./handlers/key-pair.ts";

export const handlers: readonly ResourceHandler[] = [certificateAuthority, certificate, keyPair];
