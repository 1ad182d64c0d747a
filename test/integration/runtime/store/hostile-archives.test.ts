// SPDX-License-Identifier: Apache-2.0
// Archives that try to leave their tree: nothing outside changes, and nothing of a refused one stays.
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { importAci } from "../../../../runtime/image/import-aci.ts";
import { TarReader } from "../../../../runtime/image/tar/reader.ts";
import { ImageStore } from "../../../../runtime/store/image-store.ts";
import { LayerUnpacker } from "../../../../runtime/store/unpack/layer-unpacker.ts";
import { Budget, DEFAULT_LIMITS } from "../../../../runtime/store/unpack/limits.ts";
import { TreeWriter } from "../../../../runtime/store/unpack/tree-writer.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { type TestEntry, writeTar, writeTestAci } from "../../../helpers/tar.ts";
import { importLayers, plainLayer } from "../../../helpers/unpack.ts";

let dir: string;
let victim: string;
const system = linuxSystem();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-hostile-"));
  victim = join(dir, "victim");
  mkdirSync(victim);
  writeFileSync(join(victim, "x"), "untouched");
});

afterEach(() => {
  // The host is as it was, whatever the test did.
  expect(readdirSync(victim)).toEqual(["x"]);
  expect(readFileSync(join(victim, "x"), "utf8")).toBe("untouched");
  rmSync(dir, { recursive: true });
});

const importAs = {
  oci: async (entries: readonly TestEntry[]) =>
    importLayers(join(dir, "data"), [plainLayer(entries)]),
  aci: async (entries: readonly TestEntry[]) => {
    const prefixed = entries.map((entry) => ({
      ...entry,
      path: `rootfs/${entry.path}`,
      ...(entry.hardlink === undefined ? {} : { hardlink: `rootfs/${entry.hardlink}` }),
    }));
    return importBytes(writeTestAci("t.test/i", prefixed));
  },
};

async function importBytes(bytes: Buffer) {
  const store = await ImageStore.open(join(dir, "data"), system);
  const image = await importAci([bytes] as unknown as AsyncIterable<Buffer>, {
    store,
    system,
    origin: "test",
    source: "test",
    verify: undefined,
    fetchDependency: () => Promise.reject(new Error("no dependencies")),
  });
  return { store, image };
}

/** Nothing of a refused image: neither record nor tree nor temporary file. */
function expectEmptyStore(): void {
  for (const name of ["images", "layers", "trees", "tmp"]) {
    expect(readdirSync(join(dir, "data", name))).toEqual([]);
  }
}

describe.each(["oci", "aci"] as const)("hostile archives, %s", (format) => {
  const refused: readonly (readonly [string, (outside: string) => readonly TestEntry[], string])[] =
    [
      ["a path with ..", () => [{ path: "a/../../pwn", content: "x" }], 'has a ".." in its path'],
      [
        "IMG-03: a hard link to a file of the host, then an entry that rewrites it",
        () => [
          { path: "hl", hardlink: "../../../../../../victim/x" },
          { path: "hl", content: "pwn" },
        ],
        'victim/x" has a ".." in its path',
      ],
      [
        "a hard link through a symlink to the host",
        (outside) => [
          { path: "esc", symlink: outside },
          { path: "hl", hardlink: "esc/x" },
        ],
        "which is no file of the image",
      ],
      [
        "a device node",
        () => [{ path: "disk", kind: "block-device", device: [8, 0] }],
        'disk" is a device node, which images may have only below /dev',
      ],
      [
        "a device node that would be a whiteout",
        () => [{ path: "wh", kind: "character-device", device: [0, 0] }],
        "is a device node",
      ],
      [
        "symlinks in a circle",
        () => [
          { path: "a", symlink: "b" },
          { path: "b", symlink: "a" },
          { path: "a/f", content: "x" },
        ],
        "through more than 40 symlinks",
      ],
      [
        "a name longer than any file system allows",
        () => [{ path: "n".repeat(256), content: "" }],
        "has a name of more than 255 bytes",
      ],
      ["a symlink to nothing", () => [{ path: "s", kind: "symlink" }], 's" has no target'],
      [
        "a hard link that removes what it leads to",
        () => [
          { path: "a/b", content: "x" },
          { path: "a", hardlink: "a/b" },
        ],
        "Cannot unpack image",
      ],
    ];

  it.each(refused)("refuses %s", async (_name, entries, message) => {
    await expect(importAs[format](entries(victim))).rejects.toThrow(message);
    expectEmptyStore();
  });

  it("IMG-03: keeps an entry below an absolute symlink inside the tree", async () => {
    const { image, store } = await importAs[format]([
      { path: "esc", symlink: victim },
      { path: "esc/pwn", content: "x" },
      { path: "up", symlink: "../../../../../../../../.." },
      { path: "up/pwn2", content: "y" },
    ]);
    const [rootfs = ""] = await store.rootfs(image.id);
    expect(readFileSync(join(rootfs, victim, "pwn"), "utf8")).toBe("x");
    expect(readFileSync(join(rootfs, "pwn2"), "utf8")).toBe("y");
  });

  it("leaves device nodes below /dev out, as the runtime makes its own", async () => {
    const { image, store } = await importAs[format]([
      { path: "dev/" },
      { path: "dev/null", kind: "character-device", device: [1, 3] },
    ]);
    const [rootfs = ""] = await store.rootfs(image.id);
    expect(readdirSync(join(rootfs, "dev"))).toEqual([]);
  });

  it("does not take attributes that steer overlayfs", async () => {
    const { image, store } = await importAs[format]([
      { path: "d/", xattrs: { "trusted.overlay.redirect": "/etc", "user.overlay.opaque": "y" } },
    ]);
    const [rootfs = ""] = await store.rootfs(image.id);
    expect(system.kernel.llistxattr(join(rootfs, "d"))).toEqual([]);
  });
});

describe("hostile archives", () => {
  it("IMG-03: a symlink of one layer does not lead a later layer out", async () => {
    const { image, store } = await importLayers(join(dir, "data"), [
      plainLayer([{ path: "esc", symlink: victim }]),
      plainLayer([{ path: "esc/pwn", content: "x" }]),
    ]);
    const [top = ""] = await store.rootfs(image.id);
    expect(existsSync(join(top, victim, "pwn"))).toBe(true);
  });

  it.each([
    ["a whiteout of nothing", ".wh."],
    ["a whiteout of the parent", "d/.wh..."],
  ])("refuses %s", async (_name, path) => {
    await expect(importAs.oci([{ path }])).rejects.toThrow("names nothing that could be hidden");
    expectEmptyStore();
  });

  it("treats absolute paths of a layer as below its root", async () => {
    const { image, store } = await importAs.oci([{ path: join(victim, "y"), content: "x" }]);
    const [rootfs = ""] = await store.rootfs(image.id);
    expect(readFileSync(join(rootfs, victim, "y"), "utf8")).toBe("x");
  });

  it.each([
    [
      "an absolute path",
      [{ path: "/rootfs/x", content: "" }],
      "is neither manifest nor below rootfs/",
    ],
    [
      "a file beside rootfs",
      [{ path: "other", content: "" }],
      "is neither manifest nor below rootfs/",
    ],
    ["a second manifest", [{ path: "manifest", content: "{}" }], "manifest is there twice"],
    [
      "a path that comes twice",
      [
        { path: "rootfs/x", content: "1" },
        { path: "rootfs/x", content: "2" },
      ],
      'entry "rootfs/x" is there twice',
    ],
    [
      "a hard link to the manifest",
      [{ path: "rootfs/m", hardlink: "manifest" }],
      'leads to "manifest", outside of rootfs',
    ],
  ])("refuses an ACI with %s", async (_name, entries, message) => {
    await expect(importBytes(writeTestAci("t.test/i", entries))).rejects.toThrow(message);
    expectEmptyStore();
  });

  it("a tree whose paths are longer than the kernel takes does not stay, nor close the store", async () => {
    // As deep as entry names go: what the store puts in front makes it longer than a path may be.
    const path = `${`${"d".repeat(249)}/`.repeat(16)}`;
    for (const entries of [[{ path: `${path}${"f".repeat(90)}`, content: "x" }], [{ path }]]) {
      const image = await importAs.oci(entries).catch((error: unknown) => error);
      const store = await ImageStore.open(join(dir, "data"), system);
      if (!(image instanceof Error)) {
        await store.remove((await store.list()).at(-1)?.id ?? "");
      }
      expect(await store.list()).toEqual([]);
      expect(readdirSync(join(dir, "data/layers"))).toEqual([]);
      expect(readdirSync(join(dir, "data/tmp"))).toEqual([]);
    }
  });

  describe("large files, which are opened again when all is unpacked", () => {
    const large = { path: "a/x", content: Buffer.alloc(1024 ** 2) };

    it.each([
      ["its directory", [{ path: "a", symlink: "VICTIM" }]],
      ["itself", [{ path: "a/x", symlink: "VICTIM/x" }]],
      [
        "its directory, which was a file for a while",
        [
          { path: "a", content: "" },
          { path: "a", symlink: "VICTIM" },
        ],
      ],
    ])("a symlink in the place of %s leads to no file of the host", async (_what, later) => {
      const links = later.map((entry) =>
        "symlink" in entry ? { ...entry, symlink: entry.symlink.replace("VICTIM", victim) } : entry,
      );
      expect(await openedByFlush([large, ...links])).toEqual([]);
    });

    it("one that stayed is opened, and only below the tree, whatever became of the way to it", async () => {
      const rootfs = join(dir, "tree");
      expect(await openedByFlush([large])).toEqual([join(rootfs, "a/x")]);
      const turn = () => {
        renameSync(join(rootfs, "a"), join(rootfs, "b"));
        symlinkSync(victim, join(rootfs, "a"));
      };
      expect(await openedByFlush([large], turn)).toEqual([]);
    });

    it("what is no regular file any more is not opened", async () => {
      const turn = () => {
        rmSync(join(dir, "tree/a/x"));
        system.kernel.mkfifo(join(dir, "tree/a/x"), 0o600);
      };
      expect(await openedByFlush([large], turn)).toEqual([]);
    });
  });

  it("refuses an archive without manifest or rootfs", async () => {
    await expect(importBytes(writeTar([{ path: "rootfs/" }]))).rejects.toThrow("has no manifest");
    await expect(importBytes(writeTar([{ path: "manifest", content: "{}" }]))).rejects.toThrow(
      "has no rootfs",
    );
    expectEmptyStore();
  });

  it("stops a bomb by its ratio, and one that states more than the disk has", async () => {
    const tar = writeTar([{ path: "zeros", content: Buffer.alloc(4 * 1024 ** 2) }]);
    const member = zstdCompressSync(Buffer.alloc(64 * 1024 ** 2));
    const blob = Buffer.concat([
      zstdCompressSync(tar.subarray(0, -1024)),
      ...Array(20).fill(member),
    ]);
    await expect(importLayers(join(dir, "data"), [{ blob, tar, mediaType: "" }])).rejects.toThrow(
      "the ratio allowed is 200",
    );
    const huge = hugeHeader();
    await expect(
      importLayers(join(dir, "data"), [{ blob: huge, tar: huge, mediaType: "" }]),
    ).rejects.toThrow("that are allowed or free");
    expectEmptyStore();
  });

  it("stops paths that imply more directories than their archive has entries", async () => {
    const limits = { ...DEFAULT_LIMITS, maxEntries: 100, maxPathBytes: 12_000 };
    const unpack = (path: string) => unpackLayer([{ path }], new Budget(limits));
    expect(() => unpack(`${"a/".repeat(101)}f`)).toThrow("more than 100 entries");
    expect(() => unpack(`${"long-name-0123456789/".repeat(50)}f`)).toThrow(
      "the paths of its directories have more than 12000 bytes",
    );
    unpack("short/f");
  });

  it("stops hard links that would copy more of a lower tree than an image may have", () => {
    const lower = join(dir, "lower");
    mkdirSync(lower);
    writeFileSync(join(lower, "file-0"), Buffer.alloc(1000));
    const names = Array.from({ length: 10 }, (_, index) => `file-${index}`);
    for (const name of names.slice(1)) {
      linkSync(join(lower, "file-0"), join(lower, name));
    }
    const links = names.map((name) => ({ path: `link-to-${name}`, hardlink: name }));
    const budget = new Budget({ ...DEFAULT_LIMITS, maxBytes: 3999 });
    expect(() => unpackLayer(links, budget, [lower])).toThrow("more than the 3999 bytes");
    const copied = readdirSync(join(dir, "tree")).filter((name) => name.startsWith("file-"));
    expect(copied).toEqual(names.slice(0, 3));
  });
});

/** Unpacks one layer over lower trees, within a budget. */
function unpackLayer(
  entries: readonly TestEntry[],
  budget: Budget,
  lowers: readonly string[] = [],
): void {
  const rootfs = join(dir, "tree");
  mkdirSync(rootfs, { recursive: true });
  const tree = new TreeWriter(rootfs, lowers, system, budget);
  const unpacker = new LayerUnpacker(tree, budget, system);
  try {
    new TarReader(unpacker).push(writeTar(entries));
  } finally {
    unpacker.abandon();
    tree.close();
  }
}

/** Unpacks into a tree, does what `turn` says, and answers which files are then opened to be written to the disk. */
async function openedByFlush(
  entries: readonly TestEntry[],
  turn: () => void = () => {},
): Promise<readonly string[]> {
  const rootfs = join(dir, "tree");
  rmSync(rootfs, { recursive: true, force: true });
  mkdirSync(rootfs);
  const opened: string[] = [];
  const open: typeof system.files.open = async (...args) => {
    const handle = await system.files.open(...args);
    opened.push(system.files.readlinkSync(`/proc/self/fd/${handle.fd}`));
    return handle;
  };
  const watched = { ...system, files: { ...system.files, open } };
  const budget = new Budget(DEFAULT_LIMITS);
  const tree = new TreeWriter(rootfs, [], watched, budget);
  try {
    const reader = new TarReader(new LayerUnpacker(tree, budget, watched));
    reader.push(writeTar(entries));
    reader.finish();
    tree.finish();
    turn();
    await tree.flush();
  } finally {
    tree.close();
  }
  return opened;
}

/** A file of an exabyte, of which nothing follows. */
function hugeHeader(): Buffer {
  const tar = writeTar([{ path: "huge", content: "" }]);
  tar.fill(0, 124, 136);
  tar[124] = 0x80;
  tar.writeBigUInt64BE(2n ** 50n, 128);
  tar.fill(0x20, 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return tar;
}
