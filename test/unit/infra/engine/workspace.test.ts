// SPDX-License-Identifier: Apache-2.0
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Environment } from "../../../../infra/engine/pulumi-cli.ts";
import { stackLocks } from "../../../../infra/engine/stack-lock.ts";
import { openWorkspace, stackExists } from "../../../../infra/engine/workspace.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-workspace-"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: demo\nruntime: nodejs\n");
});
afterEach(() => rmSync(folder, { recursive: true }));

const cli = { path: "/opt/pulumi/pulumi", origin: "installed" } as const;
const open = (environment: Environment = {}) =>
  openWorkspace({ projectDir: folder, environment, cli });

describe("openWorkspace()", () => {
  it("keeps state in the project, a passphrase for its owner alone, the same the next time", () => {
    const workspace = open();
    expect(workspace.stateDir).toBe(join(folder, ".state"));
    expect(workspace.project).toBe("demo");
    const path = join(folder, ".state/passphrase");
    const passphrase = readFileSync(path, "utf8");
    expect(passphrase).toMatch(/^[\w-]{43}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    open();
    expect(readFileSync(path, "utf8")).toBe(passphrase);
  });

  it("leaves the user's own Pulumi out, but not options of commands", () => {
    const { environment } = open({
      PATH: "/bin",
      PULUMI_ACCESS_TOKEN: "t",
      PULUMI_CONFIG_PASSPHRASE: "p",
      PULUMI_OPTION_PARALLEL: "2",
      COREFLY_STATE: join(folder, "elsewhere"),
    });
    expect(environment).toEqual({
      PATH: "/opt/pulumi:/bin",
      PULUMI_OPTION_PARALLEL: "2",
      COREFLY_STATE: join(folder, "elsewhere"),
      COREFLY_LANGUAGE_HOST: expect.stringMatching(/infra\/engine\/bin\/pulumi-language-nodejs$/),
      PULUMI_HOME: join(folder, "elsewhere/pulumi/home"),
      PULUMI_BACKEND_URL: `file://${folder}/elsewhere/pulumi`,
      PULUMI_CONFIG_PASSPHRASE_FILE: join(folder, "elsewhere/passphrase"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SUPPRESS_COPILOT_LINK: "true",
      PULUMI_SUPPRESS_NEO_LINK: "true",
    });
  });

  it("refuses a folder without a project, and a project without a name", () => {
    writeFileSync(join(folder, "Pulumi.yaml"), "runtime: nodejs\n");
    expect(() => open()).toThrow("Cannot open project: found no name in");
    rmSync(join(folder, "Pulumi.yaml"));
    expect(() => open()).toThrow("Cannot open project: found no Pulumi.yaml in");
  });
});

describe("stackExists()", () => {
  it("looks into the backend", () => {
    const workspace = open();
    expect(stackExists(workspace, "dev")).toBe(false);
    mkdirSync(join(workspace.backendDir, ".pulumi/stacks/demo"), { recursive: true });
    writeFileSync(join(workspace.backendDir, ".pulumi/stacks/demo/dev.json"), "{}");
    expect(stackExists(workspace, "dev")).toBe(true);
    expect(stackExists(workspace, "de")).toBe(false);
  });
});

describe("stackLocks()", () => {
  function lock(text: string): string {
    const locks = join(open().backendDir, ".pulumi/locks/organization/demo/dev");
    mkdirSync(locks, { recursive: true });
    writeFileSync(join(locks, "x.json"), text);
    return join(locks, "x.json");
  }

  it("finds none where there is none", () => {
    expect(stackLocks(open(), "dev")).toEqual([]);
  });

  it.each([
    ["no process has its number", JSON.stringify({ pid: 2 ** 22 + 1 })],
    ["its number is another program's now", JSON.stringify({ pid: process.pid })],
    ["it was killed while it wrote", '{"pid":'],
  ])("holds an owner for dead when %s", (_, text) => {
    lock(text);
    expect(stackLocks(open(), "dev")).toEqual([expect.objectContaining({ isAlive: false })]);
  });

  it("holds an owner of an earlier boot for dead", () => {
    utimesSync(lock(JSON.stringify({ pid: 1 })), 1000, 1000);
    expect(stackLocks(open(), "dev")).toEqual([
      { pid: 1, since: "1970-01-01T00:16:40.000Z", isAlive: false },
    ]);
  });
});
