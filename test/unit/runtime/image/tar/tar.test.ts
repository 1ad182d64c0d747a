// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { bytesOf, display, type TarEntry } from "../../../../../runtime/image/tar/entry.ts";
import { decodeHeader, encodeHeader } from "../../../../../runtime/image/tar/header.ts";
import { TarReader } from "../../../../../runtime/image/tar/reader.ts";
import { END_OF_ARCHIVE, headerBlocks, padding } from "../../../../../runtime/image/tar/writer.ts";

interface Read {
  readonly entry: TarEntry;
  readonly content: string;
}

const base: TarEntry = {
  path: "a",
  kind: "file",
  linkTarget: "",
  mode: 0o644,
  uid: 0,
  gid: 0,
  sizeBytes: 0,
  mtimeSeconds: 0,
  deviceMajor: 0,
  deviceMinor: 0,
  xattrs: new Map(),
};

function archive(items: readonly { entry: TarEntry; content: string }[]): Buffer {
  return Buffer.concat([
    ...items.flatMap(({ entry, content }) => [
      headerBlocks(entry),
      Buffer.from(content, "latin1"),
      padding(entry.sizeBytes),
    ]),
    END_OF_ARCHIVE,
  ]);
}

function read(bytes: Buffer, chunkSize: number): Read[] {
  const found: { entry: TarEntry; content: string }[] = [];
  const reader = new TarReader({
    entry: (entry) => found.push({ entry, content: "" }),
    data: (chunk) => {
      const last = found.at(-1);
      if (last !== undefined) {
        last.content += chunk.toString("latin1");
      }
    },
    end: () => {},
  });
  for (let offset = 0; offset < bytes.length; offset += chunkSize) {
    reader.push(bytes.subarray(offset, offset + chunkSize));
  }
  reader.finish();
  return found;
}

const item = fc
  .record({
    path: fc
      .array(fc.stringMatching(/^[a-zA-Z0-9._é\u00ff-]{1,120}$/), { minLength: 1, maxLength: 4 })
      .map((parts) => bytesOf(parts.join("/"))),
    content: fc.string({ maxLength: 1500 }).map(bytesOf),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    mtimeSeconds: fc.integer({ min: 0, max: 2 ** 33 - 1 }),
    xattr: fc.option(fc.uint8Array({ maxLength: 40 })),
  })
  .map(({ content, xattr, ...rest }) => ({
    entry: {
      ...base,
      ...rest,
      sizeBytes: content.length,
      xattrs: new Map(xattr === null ? [] : [["user.x", Buffer.from(xattr)]]),
    },
    content,
  }));

describe("tar", () => {
  it("reads what it wrote, in whatever pieces it arrives", () => {
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 5 }),
        fc.integer({ min: 1, max: 2000 }),
        (items, size) => {
          expect(read(archive(items), size)).toEqual(items);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps links, devices, directories and long targets", () => {
    const entries: TarEntry[] = [
      { ...base, path: "d/", kind: "directory", mode: 0o1777 },
      { ...base, path: "s", kind: "symlink", linkTarget: `/${"x".repeat(300)}` },
      { ...base, path: "h", kind: "hardlink", linkTarget: "a" },
      { ...base, path: "c", kind: "character-device", deviceMajor: 1, deviceMinor: 3 },
      { ...base, path: "p", kind: "fifo" },
    ];
    const items = entries.map((entry) => ({ entry, content: "" }));
    expect(read(archive(items), 100)).toEqual(items);
  });

  it("stays ustar up to 255 bytes of path and uses pax beyond", () => {
    const fits = { ...base, path: `${"d".repeat(150)}/${"f".repeat(100)}` };
    const tooLong = { ...base, path: `${"d".repeat(156)}/${"f".repeat(100)}` };
    expect(headerBlocks(fits)).toHaveLength(512);
    expect(headerBlocks(tooLong)).toHaveLength(512 * 3);
    expect(read(archive([{ entry: tooLong, content: "" }]), 512)[0]?.entry.path).toBe(tooLong.path);
  });
});

describe("TarReader", () => {
  const one = archive([{ entry: { ...base, sizeBytes: 600 }, content: "y".repeat(600) }]);

  it("refuses an archive that ends inside content, padding or header", () => {
    for (const length of [300, 700, 1200]) {
      expect(() => read(one.subarray(0, length), 512)).toThrow(
        "Cannot read archive: it ends in the middle of an entry",
      );
    }
  });

  it("accepts an archive without end mark and ignores what follows the end mark", () => {
    expect(read(one.subarray(0, one.length - 1024), 512)).toHaveLength(1);
    expect(read(Buffer.concat([one, Buffer.from("rest".repeat(200))]), 512)).toHaveLength(1);
  });

  it("refuses a damaged header", () => {
    const damaged = Buffer.from(one);
    damaged[3] = 0x41;
    expect(() => read(damaged, 512)).toThrow("its checksum is wrong");
  });

  it("refuses long names and pax records that would fill the memory", () => {
    const header = encodeHeader({ ...rawOf("x"), sizeBytes: 2 ** 30 });
    expect(() => read(header ?? Buffer.alloc(0), 512)).toThrow("at most 1048576 are allowed");
  });

  it("refuses sparse files and unknown types by the name of the entry", () => {
    const header = encodeHeader({ ...rawOf("S"), name: "disk.img" });
    expect(() => read(header ?? Buffer.alloc(0), 512)).toThrow(
      'entry "disk.img" is of tar type "S", which images cannot have',
    );
  });

  it("reads GNU long names and numbers in base 256", () => {
    const name = "n".repeat(300);
    const long = encodeHeader({ ...rawOf("L"), name: "././@LongLink", sizeBytes: 301 });
    const file = encodeHeader({ ...rawOf("0"), name: "short" });
    const uid = file ?? Buffer.alloc(512);
    uid.fill(0, 108, 116);
    uid[108] = 0x80;
    uid.writeUInt32BE(3_000_000_000, 112);
    fixChecksum(uid);
    const bytes = Buffer.concat([
      long ?? Buffer.alloc(0),
      Buffer.from(name),
      Buffer.alloc(212),
      uid,
    ]);
    expect(read(bytes, 77)[0]?.entry).toMatchObject({ path: name, uid: 3_000_000_000 });
  });

  it("gives hard links no content, whatever size they state", () => {
    const link = encodeHeader({ ...rawOf("1"), name: "b", linkName: "a", sizeBytes: 600 });
    const bytes = Buffer.concat([link ?? Buffer.alloc(0), one]);
    expect(read(bytes, 512).map(({ entry }) => entry.path)).toEqual(["b", "a"]);
  });
});

describe("display()", () => {
  it("keeps a name on one line", () => {
    expect(display("a\nb\u001b[2J")).toBe("a\\x0ab\\x1b[2J");
    expect(display(bytesOf("größe"))).toBe("größe");
  });
});

function rawOf(type: string) {
  const header = decodeHeader(headerBlocks({ ...base, path: "x" }));
  return { ...header, type };
}

function fixChecksum(block: Buffer): void {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
}
