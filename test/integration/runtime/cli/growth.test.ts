// SPDX-License-Identifier: Apache-2.0
// What many pods started by hand leave once they are collected: nothing, on disk and in the kernel.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { cniPluginDir } from "../../../helpers/cni-plugins.ts";
import { corefly, coreflyArgv } from "../../../helpers/corefly.ts";
import { buildImage, busyboxSpec, podNetwork } from "../../../helpers/node-files.ts";
import { NodeNamespaces } from "../../../helpers/node-namespaces.ts";

const LIVES = process.env["COREFLY_LONG"] ? 200 : 20;
const AT_A_TIME = 5;
const IMAGE = "corefly.dev/busybox:1";
const FLAVOURS = [
  ["--stage1=fly", "--net=host"],
  ["--stage1=oci", "--net=pods"],
];

let dir: string;
let namespaces: NodeNamespaces;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "growth-"));
  // Of its own, with room for what a reboot may forget.
  namespaces = await NodeNamespaces.make({
    hostNetwork: false,
    mounts: "mkdir -p /run/corefly && mount -t tmpfs run /run/corefly",
  });
  mkdirSync(join(dir, "etc/net.d"), { recursive: true });
  writeFileSync(join(dir, "etc/net.d/10-pods.conflist"), podNetwork(dir, "10.219.14.0/24"));
  const image = buildImage(dir, busyboxSpec("corefly.dev/busybox", "1", {}));
  const fetched = corefly([`--dir=${dir}/data`, "--insecure-options=image", "fetch", image]);
  expect(fetched.status).toBe(0);
}, 60_000);
afterAll(() => {
  namespaces.end();
  rmSync(dir, { recursive: true });
});

/** Runs it inside to its end, with the compiled sources of those before. */
function inside(...args: readonly string[]): Promise<number | null> {
  const argv = coreflyArgv([`--dir=${dir}/data`, `--local-config=${dir}/etc`, ...args]);
  const child = namespaces.spawn(process.execPath, argv, "ignore", {
    CNI_PATH: cniPluginDir(),
    NODE_COMPILE_CACHE: join(dir, "compiled"),
  });
  return new Promise((resolve) => child.once("close", resolve));
}

async function live(index: number): Promise<void> {
  const flavour = FLAVOURS[index % FLAVOURS.length] ?? [];
  const status = await inside("run", ...flavour, IMAGE, "--exec=/bin/sh", "--", "-c", "exit 7");
  expect(status).toBe(7);
}

async function collect(): Promise<void> {
  // The first marks what has ended, the second takes it away.
  expect(await inside("gc", "--grace-period=0s")).toBe(0);
  expect(await inside("gc", "--grace-period=0s")).toBe(0);
}

function look() {
  const find = (root: string) =>
    execFileSync("find", [root, "-xdev"]).toString().split("\n").sort();
  return {
    data: find(join(dir, "data")),
    run: namespaces.run("find", "/run/corefly").split("\n").sort(),
    addresses: find(join(dir, "ipam")).filter((path) => /\/\d+\./.test(path)),
    mounts: namespaces.run("cat", "/proc/self/mountinfo").split("\n").length,
    links: namespaces.run("ip", "-o", "link").split("\n").length,
  };
}

/** Cgroups of these pods: other tests have theirs beside them. */
function cgroupsOf(uuids: readonly string[]): readonly string[] {
  const root = "/sys/fs/cgroup";
  return [root, ...readdirSync(root).map((name) => join(root, name))]
    .map((each) => join(each, "corefly"))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path))
    .filter((name) => uuids.some((uuid) => name.includes(uuid)));
}

it(
  `${LIVES} pods leave nothing after gc`,
  async () => {
    await Promise.all(FLAVOURS.map((_, index) => live(index)));
    await collect();
    const before = look();
    for (let done = 0; done < LIVES; done += AT_A_TIME) {
      await Promise.all(Array.from({ length: AT_A_TIME }, (_, index) => live(index)));
    }
    // As of a process that was killed while it wrote: no pid is that high.
    writeFileSync(join(dir, "data/net/0.json.tmp-4194305-00000000-000000000000"), "{");
    const uuids = readdirSync(join(dir, "data/pods/run"));
    expect(uuids).toHaveLength(LIVES);
    await collect();
    expect(look()).toEqual(before);
    expect(cgroupsOf(uuids)).toEqual([]);
  },
  LIVES * 3000,
);
