// SPDX-License-Identifier: Apache-2.0
// The CNI plugins that nodes get.
import { join } from "node:path";
import { unpackedArtifact } from "./unpacked-artifact.ts";

/** Their folder. */
export const cniPluginDir = (): string => join(unpackedArtifact("cni-plugins"), "cni");
