// SPDX-License-Identifier: Apache-2.0
// ACIs that we write, and some that we refuse, before appc's own validator (actool of github.com/appc/spec v0.8.11).
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildGo } from "../../../../modules/provider/build/build-go.ts";
import { defaultCacheDir, hostArchitecture } from "../../../../modules/provider/build/host.ts";
import { parseAppcManifest } from "../../../../runtime/image/appc/manifest.ts";
import { writeAci } from "../../../../runtime/image/write/aci.ts";
import { parseImageSpec } from "../../../../runtime/image/write/spec.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

let dir: string;
let actool: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "corefly-actool-"));
  const recipe = {
    kind: "go",
    folder: "appc",
    packages: { actool: "github.com/appc/spec/actool" },
    variables: [],
    cgo: false,
  } as const;
  const { file } = await buildGo(recipe, {
    name: "ignition-validate", // of no use but here, so it is no artefact
    architecture: hostArchitecture(),
    cacheDir: defaultCacheDir(process.env),
    workDir: dir,
    logFile: join(dir, "build.log"),
    runtimeFolder: "",
    progress: () => undefined,
    ingredient: () => Promise.reject(new Error("Cannot use ingredients: there are none")),
  });
  actool = file;
}, 600_000);

afterAll(() => {
  rmSync(dir, { recursive: true });
});

const app = {
  exec: ["/bin/app", "--x"],
  user: "1000",
  group: "www-data",
  supplementaryGIDs: [4, 5],
  workingDirectory: "/srv",
  environment: { A: "1", B: "" },
  ports: [{ name: "http", port: 80 }],
  mountPoints: [{ name: "data", path: "/data", readOnly: true }],
  volumes: ["/var/lib/x"],
};

describe("actool validate", () => {
  it.each([
    ["with everything an app can have", { app, annotations: { homepage: "https://example.test" } }],
    ["without an app", {}],
    ["of another architecture", { arch: "arm64", app: { exec: ["/x"] } }],
    [
      "with links and long names",
      {
        files: [
          { path: "/a", content: "a" },
          { path: "/b", hardlink: "/a" },
          { path: "/c", link: "/a" },
          { path: `/${"d".repeat(200)}/${"e".repeat(200)}`, content: "long" },
        ],
      },
    ],
  ])("accepts an image %s", async (_name, fields) => {
    const spec = parseImageSpec(
      JSON.stringify({ name: "example.test/app", version: "1.0", arch: "amd64", ...fields }),
      "test",
    );
    const path = join(dir, "image.aci");
    await writeAci(spec, path, { system: linuxSystem() });
    execFileSync(actool, ["validate", path]);
  });

  const manifest = {
    acKind: "ImageManifest",
    acVersion: "0.8.11",
    name: "example.test/app",
    labels: [
      { name: "os", value: "linux" },
      { name: "arch", value: "amd64" },
    ],
  };

  it.each([
    ["a name in upper case", { name: "Example.test/app" }],
    ["an unknown kind", { acKind: "Manifest" }],
    ["no version of the format", { acVersion: "" }],
    ["a label twice", { labels: [...manifest.labels, { name: "os", value: "linux" }] }],
    ["a label called name", { labels: [...manifest.labels, { name: "name", value: "x" }] }],
    [
      "an unknown architecture",
      { labels: [manifest.labels[0], { name: "arch", value: "x86_64" }] },
    ],
    ["an app without user", { app: { exec: ["/x"], group: "0" } }],
    [
      "a relative working directory",
      { app: { exec: ["/x"], user: "0", group: "0", workingDirectory: "x" } },
    ],
    [
      "a port in upper case",
      {
        app: {
          exec: ["/x"],
          user: "0",
          group: "0",
          ports: [{ name: "A", port: 1, protocol: "tcp" }],
        },
      },
    ],
  ])("refuses a manifest with %s, as we do", (_name, fields) => {
    const text = JSON.stringify({ ...manifest, ...fields });
    const path = join(dir, "manifest");
    writeFileSync(path, text);
    expect(spawnSync(actool, ["validate", path]).status).not.toBe(0);
    expect(() => parseAppcManifest(text, "test")).toThrow();
  });

  it("accepts the manifest that those are made from, as we do", () => {
    const path = join(dir, "manifest");
    writeFileSync(path, JSON.stringify(manifest));
    execFileSync(actool, ["validate", path]);
    expect(parseAppcManifest(JSON.stringify(manifest), "test").name).toBe("example.test/app");
  });
});
