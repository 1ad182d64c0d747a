// SPDX-License-Identifier: Apache-2.0
// Paths for which an OCI image wants a volume (VOLUME) are directories of the container's own.
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { CriNode } from "../../../helpers/cri-node.ts";

let node: CriNode;
beforeAll(async () => {
  node = await CriNode.start({ subnet: "10.219.17.0/24" });
}, 60_000);
afterAll(async () => {
  await node.remove();
}, 60_000);

async function runImage(version: string, volumes: readonly string[]): Promise<string> {
  node.fetch(node.buildBusybox(version, "oci", "corefly.dev/volumes", { volumes }));
  const podSandboxId = await node.runPod();
  return await node.runContainer(podSandboxId, "main", ["sleep", "100"], {
    image: { image: `corefly.dev/volumes:${version}` },
  });
}

it("a volume of the image is a directory, root's or as the image has it, and gone with the container", async () => {
  const id = await runImage("1", ["/var/lib/data", "/tmp"]);
  const { stdout } = await node.exec(id, "ls", "-ldn", "/var/lib/data", "/tmp");
  expect(stdout).toMatch(/^drwxr-xr-x +\d+ 0 +0 .* \/var\/lib\/data$/m);
  expect(stdout).toMatch(/^drwxrwxrwt +\d+ 0 +0 .* \/tmp$/m);
  expect((await node.exec(id, "touch", "/var/lib/data/a")).exitCode).toBe(0);
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
}, 30_000);

it("a path that cannot be a directory is left as it is, and said", async () => {
  const id = await runImage("2", ["/etc/version/x", "/bin/sh", "/also"]);
  expect((await node.exec(id, "cat", "/etc/version")).stdout).toBe("2\n");
  expect((await node.exec(id, "sh", "-c", "test -d /also")).exitCode).toBe(0);
  expect(node.log).toContain("Cannot make a directory for a volume of an image");
  await node.removePods();
  expect(node.leftovers()).toEqual([]);
}, 30_000);
