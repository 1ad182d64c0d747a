// SPDX-License-Identifier: Apache-2.0
// The command on the state that a recorded node left: its journal, its console, the bundle for those who help.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { extract } from "tar-stream";
import { dataUrl } from "../../../../modules/ignition/data-url.ts";
import { JournalWriter } from "../../../helpers/journal.ts";
import { type Ran, run } from "../../../helpers/program.ts";
import { NODE, type RecordedState, recordedState } from "../../../helpers/recorded-state.ts";

const root = resolve(import.meta.dirname, "../../../..");
const program = join(root, "infra/node/bin/corefly-node");
const CANARY = "canary-7f3a9c";

let folder: string;
let state: RecordedState;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-node-"));
  state = recordedState(join(folder, "state"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function coreflyNode(...args: readonly string[]): Promise<Ran> {
  return run(program, [...args, "--cwd", root], {
    cwd: folder,
    env: { COREFLY_STATE: state.stateDir },
  });
}

/** Starts it, hands over its lines one by one, and ends it as Ctrl-C does. */
async function following(
  args: readonly string[],
  use: (next: () => Promise<string>) => Promise<void>,
): Promise<number | null> {
  const child = spawn(program, [...args, "--cwd", root], {
    env: { ...process.env, NODE_OPTIONS: "", COREFLY_STATE: state.stateDir },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(child, "exit") as Promise<[number | null]>;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  try {
    await use(async () => String((await lines.next()).value));
  } finally {
    child.kill("SIGINT");
  }
  return (await exit)[0];
}

describe("corefly-node logs", () => {
  it("prints the journal as journalctl does, of the only node without its name", async () => {
    const { exitCode, stdout, stderr } = await coreflyNode("logs", "-u", "corefly-cri");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const [first = "", second = ""] = stdout.split("\n");
    expect(first).toMatch(/^Nov 25 04:07:\d\d lab-controller-0 systemd\[1\]: Started corefly-cri/);
    expect(second).toMatch(/^Nov 25 04:07:\d\d lab-controller-0 node\[\d+\]: Serving pods=0/);
    expect(await coreflyNode("logs", NODE, "-n", "3")).toMatchObject({
      stdout: expect.stringMatching(/^([^\n]+\n){3}$/),
    });
  });

  it("goes on with what comes, of the units that were asked for, until Ctrl-C", async () => {
    const more = (text: string) =>
      new JournalWriter().from(1, "kubelet.service", text).from(2, "other.service", "no").lines;
    const journal = join(state.nodeDir, "journal.jsonl");
    const status = await following(["logs", "-f", "-u", "kubelet", "-n", "1"], async (next) => {
      await next();
      for (const text of ["one", "two"]) {
        appendFileSync(journal, `${more(text).join("\n")}\n`);
        expect(await next()).toMatch(new RegExp(`^Nov 25 .* corefly\\[812\\]: ${text}$`));
      }
    });
    expect(status).toBe(0);
  });

  it("stops quietly when its reader has seen enough", async () => {
    const { stdout, stderr } = await run("sh", ["-c", `"${program}" logs -C "${root}" | head -1`], {
      env: { COREFLY_STATE: state.stateDir },
    });
    expect([stdout.split("\n").length, stderr]).toEqual([2, ""]);
  });

  it("says which nodes there are", async () => {
    expect(await coreflyNode("logs", "nobody")).toMatchObject({
      exitCode: 1,
      stdout: "",
      stderr: `corefly-node: Cannot find node "nobody": stack "dev" has ${NODE}\n`,
    });
    mkdirSync(join(state.stackDir, "nodes/lab-controller-1"));
    expect(await coreflyNode("logs")).toMatchObject({
      exitCode: 1,
      stderr: `corefly-node: Cannot find a node without its name: stack "dev" has ${NODE}, lab-controller-1\n`,
    });
    expect(await coreflyNode("logs", "--stack", "none")).toMatchObject({
      exitCode: 1,
      stderr: 'corefly-node: Cannot find a node: stack "none" has none\n',
    });
  });

  it("says where to look when there is no journal yet", async () => {
    rmSync(join(state.nodeDir, "journal.jsonl"));
    expect(await coreflyNode("logs")).toMatchObject({
      exitCode: 1,
      stderr: `corefly-node: Cannot show the journal of node "${NODE}": it has none yet (its console: corefly-node console ${NODE})\n`,
    });
  });

  it("has a help text", async () => {
    const { exitCode, stdout } = await coreflyNode("--help");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^corefly-node: what nodes say, without logging in to them\n/);
  });
});

describe("corefly-node console", () => {
  it("prints what the console said, without what a terminal would obey, and goes on", async () => {
    const log = join(state.nodeDir, "console.log");
    writeFileSync(log, "\u001b[0;32m  OK  \u001b[0m] Reached target\r\n\u001b]0;owned\u0007x\r\n");
    const once = await coreflyNode("console", "--no-follow");
    expect(once).toMatchObject({
      exitCode: 0,
      stdout: "  OK  ] Reached target\n\ufffd]0;owned\ufffdx\n",
    });
    const status = await following(["console", NODE, "-n", "1"], async (next) => {
      expect(await next()).toBe("\ufffd]0;owned\ufffdx");
      appendFileSync(log, "more\r\n");
      expect(await next()).toBe("more");
    });
    expect(status).toBe(0);
  });
});

describe("corefly-node support", () => {
  beforeEach(() => {
    const file = { path: "/etc/token", mode: 0o600, contents: { source: dataUrl(CANARY) } };
    const config = { ignition: { version: "3.3.0" }, storage: { files: [file] } };
    writeFileSync(join(state.nodeDir, "config.ign"), JSON.stringify(config));
    writeFileSync(join(state.nodeDir, "console.log"), `token ${CANARY}\n`);
    writeFileSync(join(state.stateDir, "passphrase"), "state-passphrase-9d1");
    const said = new JournalWriter()
      .from(1, "a.service", `I have ${CANARY}`)
      .from(2, "a.service", "and state-passphrase-9d1");
    appendFileSync(join(state.nodeDir, "journal.jsonl"), `${said.lines.join("\n")}\n`);
    appendFileSync(join(state.stackDir, "mirrors/lab-mirror/requests.log"), `GET /${CANARY}\n`);
  });

  it("writes one file with everything but secrets, for its owner only", async () => {
    const { exitCode, stdout, stderr } = await coreflyNode("support");
    expect([exitCode, stderr]).toEqual([0, ""]);
    const name = stdout.trim();
    expect(name).toMatch(/^corefly-support-lab-controller-0-\d{4}-\d\d-\d\d-\d{6}\.tar\.gz$/);
    expect(readdirSync(folder)).toContain(name);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const files = await unpack(join(folder, name));
    expect([...files.keys()]).toEqual([
      "README.txt",
      "start.txt",
      "node.txt",
      "journal.txt",
      "journal.jsonl",
      "console.log",
      "qemu.log",
      "config.ign.json",
      "machine.json",
      "workstation.json",
      "mirrors/lab-mirror/requests.log",
      "mirrors/lab-mirror/config.json",
    ]);
    for (const [file, text] of files) {
      expect([file, text.includes(CANARY), text.includes("passphrase-9d1")]).toEqual([
        file,
        false,
        false,
      ]);
    }
    expect(files.get("console.log")).toBe("token [redacted]\n");
    expect(files.get("journal.txt")).toContain("Serving pods=0 containers=0");
    expect(JSON.parse(files.get("machine.json") ?? "")).toMatchObject({ running: false });
    expect(JSON.parse(files.get("workstation.json") ?? "")).toMatchObject({
      node: process.version,
      cpus: expect.any(Number),
    });
  });

  it("writes where it is told to, also of a node that has left nothing but its folder", async () => {
    mkdirSync(join(state.stackDir, "nodes/young"));
    const output = join(folder, "young.tar.gz");
    expect(await coreflyNode("support", "young", "--output", output)).toMatchObject({
      exitCode: 0,
      stdout: `${output}\n`,
    });
    expect((await unpack(output)).get("start.txt")).toBe("The journal has no start\n");
  });
});

async function unpack(path: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const archive = extract();
  archive.end(gunzipSync(readFileSync(path)));
  for await (const entry of archive) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry) chunks.push(chunk as Buffer);
    files.set(entry.header.name.replace(/^[^/]*\//, ""), Buffer.concat(chunks).toString("utf8"));
  }
  return files;
}
