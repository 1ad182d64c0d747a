// SPDX-License-Identifier: Apache-2.0
// The version of corefly itself, which is also the folder of the runtime on a node.

import manifest from "../../package.json" with { type: "json" };

/** Without a `v`: 0.1.0. */
export const COREFLY_VERSION: string = manifest.version;

/** Where this version of the runtime lies on a node; relocated programs have it in them. */
export const RUNTIME_FOLDER = `/opt/corefly/${COREFLY_VERSION}`;
