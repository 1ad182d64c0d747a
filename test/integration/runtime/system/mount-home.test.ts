// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "mount-home-"));
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("MountHome", () => {
  it("brings a process in a chroot back to its own root and directory", () => {
    const runtime = resolve(import.meta.dirname, "../../../../runtime/system");
    const program = `
      import { existsSync } from "node:fs";
      const { linuxSystem } = await import("${runtime}/linux.ts");
      const { MountHome } = await import("${runtime}/mount-home.ts");
      const system = linuxSystem();
      process.chdir("/mnt");
      const home = new MountHome(system);
      system.kernel.unshare(0x20000);
      system.kernel.mount("tmpfs", "/mnt", "tmpfs", 0, "");
      const away = existsSync("/mnt/marker");
      home.return();
      home.close();
      console.log(away, existsSync("/mnt/marker"), process.cwd());`;
    // The chroot is a tree of its own: the host's root, with something else at /mnt.
    const script = `
      mount --rbind / "$1"; mount -t tmpfs tmpfs "$1/mnt"; touch "$1/mnt/marker"
      exec chroot "$1" "$2" --disable-warning=ExperimentalWarning --input-type=module --eval "$3"`;
    const { stdout, stderr } = spawnSync(
      "unshare",
      [
        "--mount",
        "--propagation=private",
        "sh",
        "-euc",
        script,
        "sh",
        dir,
        process.execPath,
        program,
      ],
      { encoding: "utf8", timeout: 60_000 },
    );
    expect([stdout, stderr]).toEqual(["false true /mnt\n", ""]);
  });
});
