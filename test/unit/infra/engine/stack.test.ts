// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ensureStack } from "../../../../infra/engine/stack.ts";
import { openWorkspace, type Workspace } from "../../../../infra/engine/workspace.ts";

let folder: string;
let workspace: Workspace;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-stack-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: shop\nruntime: nodejs\n");
  workspace = openWorkspace({
    projectDir: folder,
    environment: {},
    cli: { path: "/nowhere/pulumi", origin: "ours" },
  });
  recorded("shop", { resources: [{}] });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What the backend has of the stack `dev` of a project. */
function recorded(project: string, latest: object): void {
  const stacks = join(workspace.backendDir, ".pulumi/stacks", project);
  mkdirSync(stacks, { recursive: true });
  writeFileSync(join(stacks, "dev.json"), JSON.stringify({ version: 3, checkpoint: { latest } }));
}

describe("ensureStack()", () => {
  it("leaves a stack that is there", async () => {
    await expect(ensureStack(workspace, "dev")).resolves.toBeUndefined();
  });

  it("refuses the name of another project's stack in the same state folder", async () => {
    recorded("mail", { resources: [{}] });
    await expect(ensureStack(workspace, "dev")).rejects.toThrow(
      `Cannot use stack "dev" in "${folder}/.state": project "mail" has one of that name there, expected another --stack or COREFLY_STATE`,
    );
  });

  it("names a state that is cut off, and the copy that Pulumi keeps", async () => {
    recorded("mail", { resources: [{}] });
    const path = join(workspace.backendDir, ".pulumi/stacks/mail/dev.json");
    writeFileSync(path, '{"version": 3, "check');
    await expect(ensureStack(workspace, "dev")).rejects.toThrow(
      `Cannot read state "${path}": found no whole JSON, expected it`,
    );
    writeFileSync(`${path}.bak`, "{}");
    await expect(ensureStack(workspace, "dev")).rejects.toThrow(
      `expected it; the state before the last step is "${path}.bak"`,
    );
  });

  it("takes the name when that one is destroyed", async () => {
    recorded("mail", {});
    await expect(ensureStack(workspace, "dev")).resolves.toBeUndefined();
  });
});
