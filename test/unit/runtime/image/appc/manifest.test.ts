// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseAppcManifest } from "../../../../../runtime/image/appc/manifest.ts";

const base = {
  acKind: "ImageManifest",
  acVersion: "0.8.11",
  name: "example.com/reduce-worker",
  labels: [
    { name: "version", value: "1.0.0" },
    { name: "arch", value: "amd64" },
    { name: "os", value: "linux" },
  ],
};
const parse = (fields: object) => parseAppcManifest(JSON.stringify({ ...base, ...fields }), "test");

describe("parseAppcManifest()", () => {
  it("reads what the spec's example has", () => {
    const manifest = parse({
      app: {
        exec: ["/usr/bin/reduce-worker", "--quiet"],
        user: "100",
        group: "300",
        supplementaryGIDs: [400, 500],
        environment: [{ name: "REDUCE_WORKER_DEBUG", value: "true" }],
        workingDirectory: "/opt/work",
        mountPoints: [{ name: "work", path: "/var/lib/work", readOnly: true }],
        ports: [{ name: "health", protocol: "tcp", port: 4000, socketActivated: true }],
        isolators: [{ name: "resource/memory", value: { limit: "2G" } }],
      },
      dependencies: [
        {
          imageName: "example.com/worker-base",
          imageID: "sha512-ab",
          labels: [{ name: "os", value: "linux" }],
        },
      ],
      annotations: [{ name: "authors", value: "Carly" }],
    });
    expect(manifest).toMatchObject({
      name: "example.com/reduce-worker",
      labels: { version: "1.0.0", arch: "amd64", os: "linux" },
      annotations: { authors: "Carly" },
      app: {
        entrypoint: ["/usr/bin/reduce-worker", "--quiet"],
        user: "100",
        group: "300",
        supplementaryGroups: [400, 500],
        workingDirectory: "/opt/work",
        mountPoints: [{ name: "work", path: "/var/lib/work", readOnly: true }],
        ports: [{ name: "health", protocol: "tcp", port: 4000 }],
      },
      dependencies: [
        { imageName: "example.com/worker-base", imageId: "sha512-ab", labels: { os: "linux" } },
      ],
    });
    expect(manifest.raw["app"]).toHaveProperty("isolators");
  });

  it.each([
    [{ acKind: "PodManifest" }, 'acKind: found "PodManifest", expected "ImageManifest"'],
    [{ acVersion: "one" }, "acVersion: found"],
    [{ name: "Example.com" }, "expected an appc image name, lower case"],
    [{ labels: [{ name: "arch", value: "amd64" }] }, "missing os label in the image manifest"],
    [{ labels: [{ name: "os", value: "linux" }] }, "missing arch label in the image manifest"],
    [{ labels: [...base.labels, { name: "os", value: "x" }] }, 'no second entry for "os"'],
    [{ labels: [...base.labels, { name: "name", value: "x" }] }, 'must not be called "name"'],
    [
      {
        labels: [
          { name: "os", value: "linux" },
          { name: "arch", value: "x86_64" },
        ],
      },
      'architecture "x86_64" does not go with os "linux"',
    ],
    [{ app: { exec: [], user: "", group: "0" } }, 'app, user: found ""'],
    [{ app: { exec: [], user: "0" } }, "app, group: found nothing"],
    [
      { app: { exec: [], user: "0", group: "0", workingDirectory: "x" } },
      "expected an absolute path",
    ],
    [
      {
        app: { exec: [], user: "0", group: "0", ports: [{ name: "A", protocol: "tcp", port: 1 }] },
      },
      'ports[0], name: found "A"',
    ],
  ])("refuses %j", (fields, message) => {
    expect(() => parse(fields)).toThrow(message);
  });
});
