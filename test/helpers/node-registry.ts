// SPDX-License-Identifier: Apache-2.0
// Debian's docker-registry inside a test node, whose network is its own: filled outside, then served there.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CriNode } from "./cri-node.ts";
import { startRegistry, writeRegistryConfig } from "./registry.ts";
import type { ociImage } from "./unpack.ts";

const HOST = "127.0.0.1:5000";

/** File of the node's configuration by which images of `registry.test` come from the registry inside. */
export const NODE_REGISTRY_CONFIG = {
  "registries.d/node.json": JSON.stringify({
    rktKind: "registries",
    rktVersion: "v1",
    mirrors: [{ prefix: "registry.test", location: `http://${HOST}` }],
  }),
};

/** Serves images by `repository:tag` until the answered function is called. */
export async function startNodeRegistry(
  node: CriNode,
  images: Readonly<Record<string, ReturnType<typeof ociImage>>>,
): Promise<() => void> {
  const dir = mkdtempSync(join(tmpdir(), "node-registry-"));
  const outside = await startRegistry(dir);
  for (const [name, image] of Object.entries(images)) {
    const [repository = "", tag = ""] = name.split(":");
    await outside.push(repository, tag, image);
  }
  await outside.close();
  const inside = node.spawn("docker-registry", ["serve", writeRegistryConfig(dir, HOST)]);
  return () => {
    inside.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  };
}
