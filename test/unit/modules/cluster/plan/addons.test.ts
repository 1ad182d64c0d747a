// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { planAddons } from "../../../../../modules/cluster/plan/addons/addon-set.ts";
import { clusterSettings } from "../../../../../modules/cluster/plan/settings.ts";

const settings = clusterSettings({ name: "lab" }, { kubernetes: ["v1.37.2"] });
const images = { kubernetes: "corefly.dev/kubernetes:v1", coredns: "corefly.dev/coredns:v1" };
const plan = (...manifests: readonly string[]) => planAddons(settings, images, manifests);
const namespace = (name: string) => `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;

interface Labelled {
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
}

const objectsOf = (text: string | undefined): readonly Labelled[] =>
  parseAllDocuments(text ?? "").map((document) => document.toJS() as Labelled);

describe("planAddons()", () => {
  it("labels every object with the set, and selects those of other sets", () => {
    const { files, outdatedSelector } = plan(namespace("shop"));
    const labels = Object.values(files)
      .flatMap(objectsOf)
      .map(({ metadata }) => metadata.labels["corefly.dev/addons"]);
    expect(new Set(labels).size).toBe(1);
    expect(outdatedSelector).toBe(`corefly.dev/addons,corefly.dev/addons!=${labels[0]}`);
  });

  it("gives another set another label, and the same set the same", () => {
    expect(plan(namespace("shop"))).toEqual(plan(namespace("shop")));
    expect(plan(namespace("shop")).outdatedSelector).not.toBe(plan().outdatedSelector);
  });

  it("takes several documents and lists", () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n`;
    const { files } = plan(`${namespace("a")}---\n${list}---\n`);
    expect(objectsOf(files["manifest-0.yaml"]).map(({ metadata }) => metadata.name)).toEqual([
      "a",
      "c",
    ]);
  });

  it.each([
    ["kind: [", /^Invalid argument "manifests\[0\]": [^\n]+ at line 1, column \d+$/],
    ["just text", /^Invalid argument "manifests\[0\]": a document is no Kubernetes object/],
    ["apiVersion: v1\nkind: Pod\n", /^Invalid argument "manifests\[0\]": a document is no Kube/],
  ])("refuses %j in one line", (text, message) => {
    expect(() => plan(text)).toThrow(message);
  });
});
