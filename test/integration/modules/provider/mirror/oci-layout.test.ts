// SPDX-License-Identifier: Apache-2.0
// Archives that are not what they should be.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { openLayout } from "../../../../../modules/provider/mirror/oci-layout.ts";
import { type TestEntry, writeTar } from "../../../../helpers/tar.ts";
import { sha256 } from "../../../../helpers/unpack.ts";

const dir = mkdtempSync(join(tmpdir(), "corefly-layout-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const manifest = Buffer.from('{"schemaVersion":2,"layers":[]}');
const digest = sha256(manifest);
const descriptor = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest };
const index: TestEntry = {
  path: "index.json",
  content: JSON.stringify({ manifests: [descriptor] }),
};
const blob: TestEntry = { path: `blobs/${digest.replace(":", "/")}`, content: manifest };
const good = writeTar([index, blob]);

describe("openLayout", () => {
  it("finds the manifest where it is in the archive", async () => {
    const layout = await openLayout(archive(good));
    expect(good.subarray(layout.top.offset, layout.top.offset + layout.top.sizeBytes)).toEqual(
      manifest,
    );
  });

  const flipped = Buffer.from(good);
  flipped[10] = 0x20;
  const cases: ReadonlyArray<readonly [string, Buffer, RegExp]> = [
    ["an archive that is cut off", good.subarray(0, 1400), /it ends at byte 1400$/],
    ["a damaged header", flipped, /its header at byte 0 is damaged$/],
    ["something else", Buffer.alloc(2048, "x"), /it has a header without a size at byte 0$/],
    ["an empty file", Buffer.alloc(0), /it ends at byte 0$/],
    ["no index", writeTar([blob]), /index\.json is not in it$/],
    ["no manifest", writeTar([index]), /blobs\/sha256\/[0-9a-f]{64} is not in it$/],
    [
      "a manifest with another digest",
      writeTar([index, { ...blob, content: "{}" }]),
      /manifest sha256:[0-9a-f]{64} has digest sha256:[0-9a-f]{64}$/,
    ],
    ["an index that is not JSON", writeTar([{ ...index, content: "{" }, blob]), /is not JSON$/],
    [
      "a digest like a path",
      writeTar([
        {
          ...index,
          content: JSON.stringify({ manifests: [{ ...descriptor, digest: "sha256:../../x" }] }),
        },
        blob,
      ]),
      /its index\.json names no manifest$/,
    ],
  ];
  it.each(cases)("refuses %s", async (_name, bytes, reason) => {
    await expect(openLayout(archive(bytes))).rejects.toThrow(reason);
  });
});

function archive(bytes: Buffer): string {
  const path = join(dir, "image.tar");
  writeFileSync(path, bytes);
  return path;
}
