// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { EMPTY_APP } from "../../../../runtime/image/image-app.ts";
import { findImage } from "../../../../runtime/store/find.ts";
import { formatRecord, type ImageRecord, parseRecord } from "../../../../runtime/store/record.ts";

const digest = `sha256:${"d".repeat(64)}`;

function record(fields: Partial<ImageRecord>): ImageRecord {
  return {
    id: `sha512-${"0".repeat(128)}`,
    format: "aci",
    name: "corefly.dev/kubernetes",
    labels: { version: "v1.37.2", os: "linux", arch: "amd64" },
    repoTags: ["corefly.dev/kubernetes:v1.37.2"],
    repoDigests: [],
    sizeBytes: 1,
    app: EMPTY_APP,
    annotations: {},
    importedAtMs: 1,
    lastUsedAtMs: 1,
    pinned: false,
    trees: [],
    dependencies: [],
    manifest: {},
    source: "",
    sourceDigest: "",
    etag: "",
    signedBy: "",
    pins: [],
    ...fields,
  };
}

const aci = record({});
const short = record({
  id: `sha512-${"1".repeat(128)}`,
  name: "app",
  labels: { version: "1" },
  repoTags: ["app:1"],
});
const oci = record({
  id: `sha256:${"ab".repeat(32)}`,
  format: "oci",
  name: "docker.io/library/busybox",
  labels: { version: "1.29" },
  repoTags: ["docker.io/library/busybox:1.29", "docker.io/library/busybox:latest"],
  repoDigests: [`docker.io/library/busybox@${digest}`],
});
const all = [aci, short, oci];

describe("findImage()", () => {
  it.each([
    [aci.id, aci],
    ["sha512-00", aci],
    ["0".repeat(13), aci],
    ["corefly.dev/kubernetes", aci],
    ["corefly.dev/kubernetes:v1.37.2", aci],
    ["corefly.dev/kubernetes:v1.37.2,arch=amd64", aci],
    ["corefly.dev/kubernetes:latest", aci],
    ["app:1", short],
    ["docker.io/library/app:1", short],
    [oci.id, oci],
    ["abababababab", oci],
    ["busybox", oci],
    ["busybox:1.29", oci],
    ["docker.io/library/busybox:latest", oci],
    [`busybox@${digest}`, oci],
    [`busybox:9.9@${digest}`, oci],
    ["corefly.dev/kubernetes:v1.37.1", undefined],
    ["corefly.dev/kubernetes,arch=arm64", undefined],
    ["corefly.dev/kube", undefined],
    ["busybox:2", undefined],
    ["abab", undefined],
    ["", undefined],
    ["../x", undefined],
  ])("finds by %s", (reference, wanted) => {
    expect(findImage(all, reference)).toBe(wanted);
  });

  it("refuses a part of an id that is too short or fits several", () => {
    expect(() => findImage(all, "sha512-0")).toThrow("image ID too short");
    const twin = record({ id: `sha512-${"0".repeat(127)}1` });
    expect(() => findImage([aci, twin], "sha512-00")).toThrow('ambiguous image ID: "sha512-00"');
    expect(findImage([aci, twin], aci.id)).toBe(aci);
  });

  it("takes the one imported last when several have the name", () => {
    const newer = record({ id: `sha512-${"2".repeat(128)}`, importedAtMs: 2 });
    expect(findImage([newer, aci], "corefly.dev/kubernetes")).toBe(newer);
  });

  it("keeps a name with the image that was verified, whatever came later under it", () => {
    const signed = record({ signedBy: "f".repeat(40) });
    const name = "corefly.dev/kubernetes:v1.37.2";
    const later = record({ id: oci.id, format: "oci", repoTags: [name], importedAtMs: 2 });
    expect(findImage([signed, later], name)).toBe(signed);
    expect(findImage([later, signed], name)).toBe(signed);
    const resigned = record({ id: short.id, signedBy: "e".repeat(40), importedAtMs: 3 });
    expect(findImage([resigned, signed, later], name)).toBe(resigned);
  });
});

describe("parseRecord()", () => {
  it("reads what formatRecord wrote", () => {
    const full = record({
      app: {
        ...EMPTY_APP,
        entrypoint: ["/x"],
        environment: [{ name: "A", value: "b" }],
        stopSignal: "SIGINT",
        mountPoints: [{ name: "m", path: "/m", readOnly: true }],
        ports: [{ name: "p", protocol: "tcp", port: 1 }],
        volumes: ["/v"],
        supplementaryGroups: [3],
      },
      trees: [`trees/${"0".repeat(64)}`],
      pins: ["kubelet"],
      pinned: true,
      lastUsedAtMs: 77,
    });
    expect(parseRecord(formatRecord(full), "r", 77)).toEqual(full);
  });

  it("reads what versions wrote that knew no digest of the source", () => {
    const { sourceDigest: _, ...old } = JSON.parse(formatRecord(aci)) as Record<string, unknown>;
    expect(parseRecord(JSON.stringify(old), "r", aci.lastUsedAtMs)).toEqual(aci);
  });

  it("refuses a tree that is not of the store, and another version", () => {
    const text = formatRecord(record({ trees: ["layers/../../etc"] }));
    expect(() => parseRecord(text, "r", 0)).toThrow('"layers/../../etc" is no tree of the store');
    expect(() => parseRecord('{"recordVersion":2}', "r", 0)).toThrow("expected record version 1");
  });
});
