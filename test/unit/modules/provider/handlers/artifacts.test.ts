// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { artifacts as table } from "../../../../../modules/artifacts/table.ts";
import { artifacts } from "../../../../../modules/provider/handlers/artifacts.ts";
import { type PropertyValues, UNKNOWN } from "../../../../../modules/provider/property-value.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";

const cacheDir = mkdtempSync(join(tmpdir(), "corefly-artifacts-"));
afterAll(() => rmSync(cacheDir, { recursive: true }));
const context = resourceContext({ cacheDir });

const failures = async (news: PropertyValues) =>
  (await artifacts.check?.(undefined, news, context))?.failures;

describe("artifacts.check()", () => {
  it("names an artefact that there is not", async () => {
    expect(await failures({ names: ["etcd", "etcdd"], architecture: "amd64" })).toEqual([
      {
        property: "names[1]",
        reason: expect.stringMatching(/^Found "etcdd", expected one of .*etcd/),
      },
    ]);
  });

  it("names a version that there is not", async () => {
    const versions = { kubernetes: "v1.36.0", etcd: table.etcd.version, nothing: "v1" };
    expect(await failures({ names: ["kubernetes"], versions })).toEqual([
      {
        property: 'versions["kubernetes"]',
        reason: `Found no "kubernetes" v1.36.0, expected ${table.kubernetes.version}`,
      },
      {
        property: 'versions["nothing"]',
        reason: 'Found no artefact "nothing", expected a name of the table',
      },
    ]);
  });

  it("lets pass what is not known yet", async () => {
    expect(await failures({ names: UNKNOWN, versions: UNKNOWN })).toEqual([]);
    expect(await failures({ names: [UNKNOWN], versions: { etcd: UNKNOWN } })).toEqual([]);
  });
});

describe("artifacts.plan()", () => {
  it("knows the runtime's digest by bundling it, and create() gives that file", async () => {
    const inputs = { names: ["runtime"] };
    const planned = await artifacts.plan?.(undefined, inputs, context);
    const { outputs } = await artifacts.create(inputs, context);
    expect(planned).toEqual(outputs);
    expect(outputs["files"]).toMatchObject({
      runtime: { sha512: expect.stringMatching(/^[0-9a-f]{128}$/) },
    });
    const olds = { ...inputs, ...outputs };
    expect(await artifacts.diff?.(olds, inputs, context)).toMatchObject({ changes: false });
  });
});

describe("artifacts.read()", () => {
  it("leaves out files that are gone or short, and diff() wants them again", async () => {
    const path = join(cacheDir, "file");
    writeFileSync(path, "1234");
    const there = { sha512: "a", sizeBytes: 4, path };
    const files = {
      there,
      short: { sha512: "b", sizeBytes: 5, path },
      gone: { sha512: "c", sizeBytes: 4, path: `${path}.gone` },
    };
    const olds = { names: ["runtime"], files };
    const read = await artifacts.read?.("id", olds, context);
    expect(read).toEqual({
      id: "id",
      inputs: { names: ["runtime"] },
      outputs: { files: { there } },
    });
    const now = { names: ["runtime"], files: {} };
    expect(await artifacts.diff?.(now, { names: ["runtime"] }, context)).toEqual({
      changes: true,
      replaces: [],
      detailed: { 'files["runtime"]': "add" },
    });
  });
});
