// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { parseAppcManifest } from "../../../../../runtime/image/appc/manifest.ts";
import { TarReader } from "../../../../../runtime/image/tar/reader.ts";
import { writeAci } from "../../../../../runtime/image/write/aci.ts";
import { writeOciLayout } from "../../../../../runtime/image/write/oci.ts";
import { parseImageSpec } from "../../../../../runtime/image/write/spec.ts";
import { recordingSystem } from "../../../../../runtime/system/fake/recording-system.ts";
import { writeTar } from "../../../../helpers/tar.ts";

let dir: string;
const system = recordingSystem();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-write-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

function specOf(fields: object = {}) {
  return parseImageSpec(
    JSON.stringify({
      name: "example.test/app",
      version: "1.0",
      arch: "amd64",
      app: { exec: ["/bin/app"], environment: { A: "1" }, ports: [{ name: "http", port: 80 }] },
      ...fields,
    }),
    "test",
  );
}

interface Listed {
  readonly path: string;
  readonly kind: string;
  readonly mode: number;
  readonly linkTarget: string;
  content: string;
}

function list(bytes: Buffer): Listed[] {
  const found: Listed[] = [];
  const reader = new TarReader({
    entry: ({ path, kind, mode, linkTarget, uid, gid, mtimeSeconds }) => {
      expect([uid, gid, mtimeSeconds]).toEqual([0, 0, 0]);
      found.push({ path, kind, mode, linkTarget, content: "" });
    },
    data: (chunk) => {
      const last = found.at(-1);
      if (last !== undefined) {
        last.content += chunk.toString();
      }
    },
    end: () => {},
  });
  reader.push(bytes);
  reader.finish();
  return found;
}

describe("writeAci()", () => {
  it("writes manifest, then rootfs in order, and answers the sha512 of the file", async () => {
    writeFileSync(join(dir, "app"), "#!/bin/sh\n");
    chmodSync(join(dir, "app"), 0o700);
    const spec = specOf({
      files: [
        { path: "/sbin", link: "bin" },
        { path: "/bin/app", source: join(dir, "app") },
        { path: "/etc/empty", content: "" },
        { path: "/tmp", directory: true, mode: "1777" },
      ],
    });
    const out = join(dir, "out.aci");
    const id = await writeAci(spec, out, { system });
    const bytes = readFileSync(out);
    expect(id).toBe(`sha512-${createHash("sha512").update(bytes).digest("hex")}`);
    const [manifest, ...rest] = list(bytes);
    expect(parseAppcManifest(manifest?.content ?? "", "test")).toMatchObject({
      name: "example.test/app",
      labels: { version: "1.0", os: "linux", arch: "amd64" },
      app: {
        entrypoint: ["/bin/app"],
        user: "0",
        ports: [{ name: "http", protocol: "tcp", port: 80 }],
      },
    });
    expect(rest).toEqual([
      { path: "rootfs/", kind: "directory", mode: 0o755, linkTarget: "", content: "" },
      { path: "rootfs/bin/", kind: "directory", mode: 0o755, linkTarget: "", content: "" },
      { path: "rootfs/bin/app", kind: "file", mode: 0o755, linkTarget: "", content: "#!/bin/sh\n" },
      { path: "rootfs/etc/", kind: "directory", mode: 0o755, linkTarget: "", content: "" },
      { path: "rootfs/etc/empty", kind: "file", mode: 0o644, linkTarget: "", content: "" },
      { path: "rootfs/sbin", kind: "symlink", mode: 0o777, linkTarget: "bin", content: "" },
      { path: "rootfs/tmp/", kind: "directory", mode: 0o1777, linkTarget: "", content: "" },
    ]);
  });

  it("gives the same bytes from another place, time and order", async () => {
    const digests = [];
    for (const place of ["one", "two"]) {
      mkdirSync(join(dir, place));
      const source = join(dir, place, "s");
      writeFileSync(source, "same");
      utimesSync(source, place.length, place === "one" ? 5 : 7);
      const files = [
        { path: "/b", source, mode: "0755" },
        { path: "/a/x", content: "1" },
      ];
      const spec = specOf({ files: place === "one" ? files : files.reverse() });
      digests.push(await writeAci(spec, join(dir, place, "o.aci"), { system }));
      digests.push(await writeOciLayout(spec, join(dir, place, "o.tar"), { system }));
      digests.push(
        createHash("sha256")
          .update(readFileSync(join(dir, place, "o.tar")))
          .digest("hex"),
      );
    }
    expect(digests.slice(0, 3)).toEqual(digests.slice(3));
  });

  it("calls arm64 aarch64, as appc does", async () => {
    const out = join(dir, "out.aci");
    await writeAci(specOf({ arch: "arm64", files: [] }), out, { system });
    expect(list(readFileSync(out))[0]?.content).toContain('{"name":"arch","value":"aarch64"}');
  });

  it("takes in a tar archive below a prefix, hard links and all", async () => {
    const tar = join(dir, "in.tar");
    writeFileSync(
      tar,
      writeTar([
        { path: "./" },
        { path: "./z", content: "zz", mode: 0o755, mtimeSeconds: 99 },
        { path: "./a", hardlink: "./z" },
        { path: "./d/s", symlink: "../a" },
      ]),
    );
    const out = join(dir, "out.aci");
    await writeAci(specOf({ files: [{ tar, prefix: "/opt" }] }), out, { system });
    expect(
      list(readFileSync(out))
        .slice(2)
        .map(({ path, linkTarget, content }) => [path, linkTarget, content]),
    ).toEqual([
      ["rootfs/opt/", "", ""],
      ["rootfs/opt/a", "", "zz"],
      ["rootfs/opt/d/", "", ""],
      ["rootfs/opt/d/s", "../a", ""],
      ["rootfs/opt/z", "rootfs/opt/a", ""],
    ]);
  });

  it("leaves nothing when a source is missing or two entries have one path", async () => {
    const missing = specOf({ files: [{ path: "/x", source: join(dir, "nothing") }] });
    await expect(writeAci(missing, join(dir, "o"), { system })).rejects.toThrow(
      `Cannot build image: source "${join(dir, "nothing")}" of "/x" does not exist`,
    );
    const twice = specOf({
      files: [
        { path: "/x", content: "1" },
        { path: "/x", link: "y" },
      ],
    });
    await expect(writeAci(twice, join(dir, "o"), { system })).rejects.toThrow(
      'Cannot build image: "/x" is described twice',
    );
    const below = specOf({
      files: [
        { path: "/x", content: "1" },
        { path: "/x/y", content: "2" },
      ],
    });
    await expect(writeAci(below, join(dir, "o"), { system })).rejects.toThrow(
      'Cannot build image: "/x/y" is below "/x", which is a file',
    );
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe("writeOciLayout()", () => {
  it("writes a layout whose index, manifest, config and layer refer to each other", async () => {
    writeFileSync(join(dir, "s"), "x".repeat(3_000_000));
    linkSync(join(dir, "s"), join(dir, "t"));
    const out = join(dir, "out.tar");
    const spec = specOf({
      files: [{ path: "/s", source: join(dir, "s") }],
      annotations: { a: "b" },
    });
    const id = await writeOciLayout(spec, out, { system });
    const files = new Map(list(readFileSync(out)).map(({ path, content }) => [path, content]));
    const blob = (digest: string) => {
      const content = files.get(`blobs/sha256/${digest.slice(7)}`) ?? "";
      expect(`sha256:${createHash("sha256").update(content).digest("hex")}`).toBe(digest);
      return content;
    };
    expect([...files.keys()][0]).toBe("oci-layout");
    const [entry] = JSON.parse(files.get("index.json") ?? "").manifests;
    const manifest = JSON.parse(blob(entry.digest));
    const config = JSON.parse(blob(id));
    const layer = blob(manifest.layers[0].digest);
    expect(entry.annotations["org.opencontainers.image.ref.name"]).toBe("1.0");
    expect(manifest).toMatchObject({
      config: { digest: id },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", size: layer.length }],
      annotations: { a: "b" },
    });
    expect(config).toMatchObject({
      architecture: "amd64",
      os: "linux",
      config: {
        User: "0:0",
        Env: ["A=1"],
        Entrypoint: ["/bin/app"],
        WorkingDir: "/",
        ExposedPorts: { "80/tcp": {} },
      },
      rootfs: { type: "layers", diff_ids: [manifest.layers[0].digest] },
    });
    expect(list(Buffer.from(layer)).map(({ path }) => path)).toEqual(["s"]);
  });
});

describe("parseImageSpec()", () => {
  it.each([
    [{ name: "Example/App" }, 'name: found "Example/App"'],
    [{ version: "" }, 'version: found ""'],
    [{ arch: 3 }, "arch: found 3, expected text"],
    [{ filez: [] }, "filez: found [], expected no field of that name"],
    [
      { files: [{ path: "x", content: "" }] },
      'files[0], path: found "x", expected an absolute path',
    ],
    [{ files: [{ path: "/a/../b", content: "" }] }, "expected an absolute path without . and .."],
    [{ files: [{ path: "/a", content: "", link: "b" }] }, "expected exactly one of source"],
    [
      { files: [{ path: "/a", content: "", mode: 755 }] },
      "files[0], mode: found 755, expected an octal mode",
    ],
    [{ files: [{ path: "/a", content: "", uid: -1 }] }, "files[0], uid: found -1"],
  ])("refuses %j", (fields, message) => {
    expect(() => specOf(fields)).toThrow(message);
  });
});
