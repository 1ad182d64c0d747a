// SPDX-License-Identifier: Apache-2.0
// How layers are compressed, whatever their media type says.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { writeTar } from "../../../helpers/tar.ts";
import { importLayers, type TestLayer } from "../../../helpers/unpack.ts";

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-compression-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd";
const tarOf = (name: string) => writeTar([{ path: name, content: name.repeat(5000) }]);
const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);

function inTwo(tar: Buffer, compress: (part: Buffer) => Buffer): Buffer {
  return Buffer.concat([compress(tar.subarray(0, 700)), compress(tar.subarray(700))]);
}

function layers(): Record<"a" | "b" | "c", TestLayer> {
  const [a, b, c] = [tarOf("a"), tarOf("b"), tarOf("c")];
  return {
    a: { blob: a, tar: a, mediaType: GZIP },
    b: { blob: Buffer.concat([skippable, inTwo(b, zstdCompressSync)]), tar: b, mediaType: ZSTD },
    c: { blob: inTwo(c, gzipSync), tar: c, mediaType: GZIP },
  };
}

describe("compression", () => {
  it("IMG-05: is told by the bytes: plain tar called gzip, zstd after a skippable frame, gzip in two members", async () => {
    const { a, b, c } = layers();
    const { image, store } = await importLayers(join(dir, "data"), [a, b, c]);
    const paths = await store.rootfs(image.id);
    const found = paths.map((path) =>
      readdirSync(path).map((name) => readFileSync(join(path, name), "utf8").length),
    );
    expect(found).toEqual([[5000], [5000], [5000]]);
  });

  it.each(["b", "c"] as const)("IMG-05: refuses layer %s when its end is cut", async (name) => {
    const layer = layers()[name];
    const cut = { ...layer, blob: layer.blob.subarray(0, -10) };
    await expect(importLayers(join(dir, "data"), [cut])).rejects.toThrow("damaged or cut");
    for (const folder of ["images", "layers", "tmp"]) {
      expect(readdirSync(join(dir, "data", folder))).toEqual([]);
    }
  });

  it("refuses a layer whose content has another digest than the config says", async () => {
    const { a } = layers();
    await expect(importLayers(join(dir, "data"), [{ ...a, tar: tarOf("other") }])).rejects.toThrow(
      "the image's config says",
    );
    expect(readdirSync(join(dir, "data", "layers"))).toEqual([]);
  });

  it.each([
    ["xz", "lzma"],
    ["bzip2", "bz2"],
  ])("says that %s is not supported", async (program, module) => {
    const tar = tarOf("x");
    const script = `import ${module}, sys; sys.stdout.buffer.write(${module}.compress(sys.stdin.buffer.read()))`;
    const blob = execFileSync("python3", ["-c", script], { input: tar });
    await expect(importLayers(join(dir, "data"), [{ blob, tar, mediaType: "" }])).rejects.toThrow(
      `it is compressed with ${program}, expected gzip, zstd or no compression`,
    );
  });
});
