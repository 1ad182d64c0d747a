// SPDX-License-Identifier: Apache-2.0
// `corefly version`: five lines in the order of rkt's, which programs read.
import { VERSION } from "../system/version.ts";
import type { Verb } from "./verb.ts";

const APPC_VERSION = "0.8.11";

export const verb: Verb = {
  name: "version",
  summary: "Print the version",
  usage: "",
  run: async (_args, { out }) => {
    out(
      `corefly Version: ${VERSION}
appc Version: ${APPC_VERSION}
Node Version: ${process.version}
Node OS/Arch: ${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}
Features: +FLY +OCI +CRI
`,
    );
    return 0;
  },
};
