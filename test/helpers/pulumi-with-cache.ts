// SPDX-License-Identifier: Apache-2.0
// An environment for stacks with a cache of a test's own that has no Pulumi in it: one that is on PATH counts as installed.
import { dirname } from "node:path";
import { providePulumi } from "../../infra/engine/provide-pulumi.ts";
import { defaultCacheDir } from "../../modules/provider/build/host.ts";

export async function pulumiWithCache(cacheDir: string): Promise<Readonly<Record<string, string>>> {
  const cli = await providePulumi({
    environment: process.env,
    cacheDir: defaultCacheDir(process.env),
    say: () => undefined,
  });
  return { COREFLY_CACHE: cacheDir, PATH: `${dirname(cli.path)}:${process.env["PATH"]}` };
}
