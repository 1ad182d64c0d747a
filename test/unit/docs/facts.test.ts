// SPDX-License-Identifier: Apache-2.0
// Lists in the pages are those of the code: settings, artefacts, what is on a node, flags of the server, refusals.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { artifacts } from "../../../modules/artifacts/table.ts";
import {
  controllerIgnition,
  NODE_DOWNLOADS,
  planCluster,
} from "../../../modules/cluster/plan/cluster-plan.ts";
import { placeholderSecrets } from "../../../modules/cluster/plan/node-secrets.ts";
import { verb as cri } from "../../../runtime/cli/cri.ts";
import { rpcTable } from "../../../runtime/cri/rpc-table.ts";

const root = resolve(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** Rows of the table below a line that begins so, as cells. */
function rows(page: string, head: string): readonly (readonly string[])[] {
  const [, table = ""] = read(page).split(`\n${head}`);
  return (table.split("\n\n")[0] ?? "")
    .split("\n")
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** What stands in backticks. */
const quoted = (text = ""): readonly string[] =>
  [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);

describe("README.md", () => {
  it("names settings that the default stack reads", () => {
    const [, section = ""] = read("README.md").split("## Settings of the default stack");
    const settings = quoted(/\n(`clusterName`[\s\S]*?)\n\n/.exec(section)?.[1]);
    const known = [...read("infra/index.ts").matchAll(/config\.get\w*(?:<[^>]*>)?\("(\w+)"\)/g)];
    expect(settings.length).toBeGreaterThan(8);
    // These have one value for now, and are refused with any other.
    const single = ["os", "controllerCount"];
    expect([...settings, ...single].sort()).toEqual(known.map(([, name]) => name).sort());
  });
});

describe("docs/artifacts.md", () => {
  it("has every artefact below its kind", () => {
    const found = rows("docs/artifacts.md", "| kind | artefacts |").flatMap(([kinds, names]) =>
      quoted(names).map((name) => [name, quoted(kinds).join(" ")]),
    );
    expect(found.map(([name]) => name).sort()).toEqual(Object.keys(artifacts).sort());
    const wrong = Object.entries(artifacts).filter(
      ([name, { recipe }]) =>
        !found.some(([other, kinds]) => other === name && kinds?.split(" ").includes(recipe.kind)),
    );
    expect(wrong).toEqual([]);
  });
});

describe("docs/architecture.md", () => {
  it("names paths that a node's config makes", () => {
    const plan = planCluster({ name: "lab", identity: "lab", architecture: "amd64" });
    const [node] = plan.settings.controllers;
    const digests = Object.fromEntries(
      NODE_DOWNLOADS.map((name) => [name, { sha512: "0".repeat(128) }]),
    );
    const secrets = placeholderSecrets(plan.certificates);
    const config =
      node === undefined
        ? ""
        : controllerIgnition(
            plan,
            node,
            { controllerSnippets: [], manifests: [] },
            secrets,
            digests,
          );
    const paths = rows("docs/architecture.md", "| path | what |").flatMap(([cell]) =>
      quoted(cell).flatMap(expand),
    );
    expect(paths.length).toBeGreaterThan(8);
    expect(paths.filter((path) => !config.includes(path))).toEqual([]);
  });
});

/** `/a/{b,c}` is two paths; `<version>` is left out with what follows. */
function expand(path: string): readonly string[] {
  const [, before = "", list, after = ""] = /^([^{]*)(?:\{([^}]*)\})?(.*)$/.exec(path) ?? [];
  return (list ?? "")
    .split(",")
    .map((part) => `${before}${part}${after}`.replace(/<.*/, "").replace(/\/$/, ""));
}

describe("docs/cri.md", () => {
  it("has every flag of the server", () => {
    const flags = rows("docs/cri.md", "| flag | default |").flatMap(([cell]) => quoted(cell));
    const own = (cri.flags ?? []).map(({ name, value }) => `--${name}=${value}`);
    expect([...flags].sort()).toEqual([...own, "--dir=DIR"].sort());
  });

  it("names every RPC that the server does not have", () => {
    const missing = Object.entries({ ...rpcTable.runtime, ...rpcTable.image })
      .filter(([, handler]) => handler === "unimplemented")
      .map(([name]) => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`);
    const named = rows("docs/cri.md", "| RPC | without it |").flatMap(([cell = ""]) =>
      cell.split(", "),
    );
    expect(missing.filter((name) => !named.includes(name))).toEqual([]);
  });
});

describe("docs/trust.md", () => {
  it("quotes refusals as the code words them", () => {
    const sources = ["runtime/trust", "runtime/image", "runtime/cli"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => read(join(folder, name))),
    );
    const messages = rows("docs/trust.md", "| message | meaning |").flatMap(([cell]) =>
      quoted(cell),
    );
    expect(messages.length).toBeGreaterThan(8);
    const parts = messages.flatMap((message) =>
      message.split(/…|"example.com\/a"/).map((part) => part.replaceAll('"', "").trim()),
    );
    expect(
      parts.filter((part) => part !== "" && !sources.some((source) => source.includes(part))),
    ).toEqual([]);
  });
});
