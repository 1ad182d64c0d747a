// SPDX-License-Identifier: Apache-2.0
// Layers of OCI images as overlayfs shows them.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import type { TestEntry } from "../../../helpers/tar.ts";
import { importLayers, inOverlay, plainLayer } from "../../../helpers/unpack.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-layers-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function look(layers: readonly (readonly TestEntry[])[], script: string): Promise<string> {
  const { image, store } = await importLayers(join(dir, "data"), layers.map(plainLayer));
  return inOverlay(await store.rootfs(image.id), join(dir, "scratch"), script);
}

describe("layers", () => {
  it("IMG-01: whiteouts act on lower layers only, whatever their place in the archive", async () => {
    const lower = [
      { path: "d/old", content: "o" },
      { path: "d/sub/x", content: "x" },
      { path: "f", content: "1" },
    ];
    const upper = [
      { path: "d/new", content: "n" },
      { path: "d/.wh..wh..opq" },
      { path: "f", content: "2" },
      { path: ".wh.f" },
    ];
    expect(await look([lower, upper], "ls d; cat f")).toBe("new\n2");
  });

  it("IMG-01: the same with whiteouts first, for whole directories, and at the root", async () => {
    const lower = [
      { path: "d/old", content: "o" },
      { path: "e/old", content: "o" },
      { path: "gone", content: "g" },
    ];
    const upper = [
      { path: ".wh.d" },
      { path: "d/new", content: "n" },
      { path: "e/new", content: "n" },
      { path: ".wh.e" },
      { path: ".wh.gone" },
      { path: ".wh.never-there" },
    ];
    expect(await look([lower, upper], "ls; ls d e")).toBe("d\ne\nd:\nnew\n\ne:\nnew\n");
    const opaqueRoot = [{ path: "only", content: "" }, { path: ".wh..wh..opq" }];
    expect(await look([lower, upper, opaqueRoot], "ls")).toBe("only\n");
  });

  it("IMG-02: a hard link outlives its first name, and a link to a symlink is a symlink", async () => {
    const lower = [
      { path: "A", content: "one" },
      { path: "Z", hardlink: "A" },
      { path: "S", symlink: "A" },
      { path: "H", hardlink: "S" },
    ];
    const upper = [{ path: ".wh.A" }];
    expect(await look([lower, upper], "ls; cat Z; echo; readlink H")).toBe("H\nS\nZ\none\nA\n");
  });

  it("IMG-02: a hard link of an upper layer to a file of a lower one has its content, owner and mode", async () => {
    const lower = [{ path: "bin/tool", content: "tool", mode: 0o4755, uid: 7, gid: 8 }];
    const upper = [{ path: "bin/alias", hardlink: "bin/tool" }];
    expect(await look([lower, upper], "cat bin/alias; stat -c ' %a %u %g' bin/alias")).toBe(
      "tool 4755 7 8\n",
    );
  });

  it("a file that a hard link of an upper layer copied counts as the layer's own", async () => {
    const lower = [{ path: "tool", content: "tool" }];
    const upper = [{ path: "alias", hardlink: "tool" }];
    const { store } = await importLayers(join(dir, "data"), [lower, upper].map(plainLayer));
    expect(await store.usage()).toEqual({ bytes: 8, inodes: 3 });
  });

  it("IMG-12: an entry below something that is a file in a lower layer makes it a directory", async () => {
    const lower = [{ path: "opt/tool", content: "file", mode: 0o700, uid: 5 }];
    const upper = [{ path: "opt/tool/bin/run", content: "run" }];
    expect(await look([lower, upper], "stat -c '%F %a %u:%g' opt/tool; cat opt/tool/bin/run")).toBe(
      "directory 755 0:0\nrun",
    );
  });

  it("replaces files by directories and directories by files, hiding what was below", async () => {
    const lower = [
      { path: "a/x", content: "1" },
      { path: "b", content: "1" },
    ];
    const upper = [{ path: "a", content: "file" }, { path: "b/" }, { path: "b/y", content: "2" }];
    const top = [{ path: "a/" }, { path: "a/z", content: "3" }];
    expect(await look([lower, upper], "cat a; echo; ls b")).toBe("file\ny\n");
    expect(await look([lower, upper, top], "ls a")).toBe("z\n");
    const twice = [{ path: "a", content: "file" }, { path: "a/" }, { path: "a/w", content: "" }];
    expect(await look([lower, twice], "ls a")).toBe("w\n");
  });

  it("gives directories that a layer only implies the looks of those that they cover", async () => {
    const lower = [{ path: "secret/", mode: 0o700, uid: 3, gid: 4 }];
    const upper = [{ path: "secret/key", content: "k" }];
    expect(await look([lower, upper], "stat -c '%a %u %g' secret")).toBe("700 3 4\n");
  });

  it("puts files below a symlink of a lower layer where the symlink leads", async () => {
    const lower = [
      { path: "usr/lib/base", content: "b" },
      { path: "lib", symlink: "usr/lib" },
    ];
    const upper = [{ path: "lib/more", content: "m" }];
    expect(await look([lower, upper], "readlink lib; ls usr/lib")).toBe("usr/lib\nbase\nmore\n");
  });

  it("keeps owners, setuid modes, times, capabilities and names that are no text", async () => {
    const lower = [
      { path: "su", content: "s", mode: 0o4755, uid: 1, gid: 2, mtimeSeconds: 1_000_000_000 },
      { path: "d/", mode: 0o1777, mtimeSeconds: 1_000_000_001 },
      { path: "d/f", content: "", mode: 0o640 },
      {
        path: "ping",
        content: "p",
        xattrs: {
          "security.capability": "\u0001\u0000\u0000\u0002\u0000 \u0000\u0000".padEnd(20, "\0"),
        },
      },
      { path: "link", symlink: "su", uid: 9 },
      { path: Buffer.from([0x6e, 0xff, 0xfe]), content: "latin" },
    ];
    const script = "stat -c '%n %a %u %g %Y' su d d/f; stat -c '%u' link; ls -b n*";
    expect(await look([lower], script)).toBe(
      "su 4755 1 2 1000000000\nd 1777 0 0 1000000001\nd/f 640 0 0 0\n9\nn\\377\\376\n",
    );
    const { image, store } = await importLayers(join(dir, "data"), [plainLayer(lower)]);
    const [rootfs] = await store.rootfs(image.id);
    const { kernel } = linuxSystem();
    expect(kernel.lgetxattr(join(rootfs ?? "", "ping"), "security.capability")).toHaveLength(20);
    await store.remove(image.id);
    expect(await store.usage()).toEqual({ bytes: 0, inodes: 0 });
  });

  it("shares layers between images and removes them with the last", async () => {
    const base = plainLayer([{ path: "base", content: "1" }]);
    const top = plainLayer([{ path: "top", content: "2" }]);
    const one = await importLayers(join(dir, "data"), [base]);
    const two = await importLayers(join(dir, "data"), [base, top]);
    const paths = await two.store.rootfs(two.image.id);
    expect(paths).toHaveLength(2);
    expect(await one.store.rootfs(one.image.id)).toEqual(paths.slice(1));
    expect(await two.store.usage()).toEqual({ bytes: 2, inodes: 2 });
    await one.store.remove(one.image.id);
    expect(await two.store.rootfs(two.image.id)).toEqual(paths);
    await one.store.remove(two.image.id);
    expect(await one.store.usage()).toEqual({ bytes: 0, inodes: 0 });
    expect(paths.map((path) => statSync(path, { throwIfNoEntry: false }))).toEqual([
      undefined,
      undefined,
    ]);
  });
});
