// SPDX-License-Identifier: Apache-2.0
// The plugin that Pulumi starts: `pulumi-resource-corefly [flags] ENGINE_ADDRESS`.

import { handlers } from "./handlers.ts";
import { runPlugin } from "./plugin.ts";

await runPlugin(handlers, Date.now);
