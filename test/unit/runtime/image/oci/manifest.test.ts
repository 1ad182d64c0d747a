// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  choosePlatform,
  parseConfig,
  parseManifest,
} from "../../../../../runtime/image/oci/manifest.ts";
import { parseChallenge } from "../../../../../runtime/image/oci/registry-auth.ts";

const digest = `sha256:${"a".repeat(64)}`;
const entry = (architecture: string | undefined, variant?: string) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest,
  size: 1,
  ...(architecture === undefined ? {} : { platform: { os: "linux", architecture, variant } }),
});
const indexOf = (...manifests: object[]) => {
  const parsed = parseManifest(JSON.stringify({ schemaVersion: 2, manifests }), "test");
  if (parsed.kind !== "index") {
    throw new Error("no index");
  }
  return parsed;
};
const arm = { os: "linux", architecture: "arm64" };

describe("choosePlatform()", () => {
  it("takes this machine's image, its plain variant first, and one for everybody last", () => {
    const index = indexOf(
      entry("amd64"),
      entry("arm64", "v9"),
      entry("arm64", "v8"),
      entry(undefined),
    );
    expect(choosePlatform(index, arm, "i").variant).toBe("v8");
    expect(choosePlatform(indexOf(entry("amd64"), entry(undefined)), arm, "i").architecture).toBe(
      undefined,
    );
  });

  it("says what there is when there is nothing for this machine", () => {
    expect(() => choosePlatform(indexOf(entry("amd64")), arm, 'image "i"')).toThrow(
      'Cannot use image "i": no image for linux/arm64, it has linux/amd64',
    );
  });
});

describe("parseManifest()", () => {
  it.each([
    ["not JSON", "nothing", "not valid JSON"],
    ["schema 1", '{"schemaVersion":1}', "a manifest of schema 1"],
    [
      "no config",
      '{"schemaVersion":2,"layers":[]}',
      "test, config: found nothing, expected an object",
    ],
    [
      "a digest that is a path",
      JSON.stringify({ config: { digest: "sha256:../../x", size: 1 }, layers: [] }),
      "config, digest: found",
    ],
    [
      "a negative size",
      JSON.stringify({ config: { digest, size: -1 }, layers: [] }),
      "config, size: found -1",
    ],
    [
      "too many layers",
      JSON.stringify({ config: { digest, size: 1 }, layers: Array(501).fill({ digest, size: 1 }) }),
      "it has 501 layers, at most 500 are allowed",
    ],
  ])("refuses %s", (_name, text, message) => {
    expect(() => parseManifest(text, "test")).toThrow(message);
  });
});

describe("parseConfig()", () => {
  it("takes an image that says nothing about how to run it", () => {
    const config = parseConfig(
      '{"architecture":"amd64","rootfs":{"diff_ids":[]},"config":null}',
      "test",
    );
    expect(config.app).toMatchObject({ entrypoint: [], user: "", workingDirectory: "/" });
  });

  it("refuses an artefact that is no image", () => {
    expect(() => parseConfig("{}", "test")).toThrow("it has no rootfs, the artefact is no image");
  });
});

describe("parseChallenge()", () => {
  it("reads quoted and bare parameters, in whatever case the scheme is", () => {
    const { scheme, parameters } = parseChallenge(
      'BEARER realm="https://a/t?x=\\"y\\"", service=r,scope="s:1,2"',
    );
    expect(scheme).toBe("bearer");
    expect([...parameters]).toEqual([
      ["realm", 'https://a/t?x="y"'],
      ["service", "r"],
      ["scope", "s:1,2"],
    ]);
    expect(parseChallenge("").scheme).toBe("");
  });
});
