// SPDX-License-Identifier: Apache-2.0
// Ignition's validator takes every config that our planners make for nodes, and has nothing to say about it.
import { beforeAll, expect, test } from "@jest/globals";
import {
  type ClusterPlanArgs,
  controllerIgnition,
  NODE_DOWNLOADS,
  planCluster,
} from "../../../../modules/cluster/plan/cluster-plan.ts";
import { placeholderSecrets } from "../../../../modules/cluster/plan/node-secrets.ts";
import { build, file, render, validate } from "../../../../modules/ignition/index.ts";
import { ignitionValidate } from "./ignition-validate.ts";
import { OBTAIN_TIMEOUT_MS, validatorProgram } from "./programs.ts";

let program = "";
beforeAll(async () => {
  program = await validatorProgram();
}, OBTAIN_TIMEOUT_MS);

const base: ClusterPlanArgs = { name: "demo", identity: "demo", architecture: "amd64" };
const motd = render(build({ files: [file("/etc/motd.d/mine", { content: "mine\n" })] }));
const manifest = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: mine\n";

test.each<[string, ClusterPlanArgs]>([
  ["the defaults", base],
  ["the other architecture", { ...base, architecture: "arm64" }],
  ["snippets and manifests", { ...base, controllerSnippets: [motd], manifests: [manifest] }],
  ["published ports", { ...base, publish: [{ name: "web", nodePort: 30080 }], images: ["caddy"] }],
])("a controller's config: %s", (_name, args) => {
  const plan = planCluster(args);
  const digests = Object.fromEntries(
    NODE_DOWNLOADS.map((name) => [name, { sha512: "0".repeat(128) }]),
  );
  const secrets = placeholderSecrets(plan.certificates);
  expect(plan.settings.controllers).toHaveLength(1);
  for (const node of plan.settings.controllers) {
    const text = controllerIgnition(plan, node, args, secrets, digests);
    expect(ignitionValidate(program, text)).toEqual({ refused: false, verdicts: [] });
    expect(validate(JSON.parse(text))).toEqual([]);
  }
});
