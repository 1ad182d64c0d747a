// SPDX-License-Identifier: Apache-2.0
// Pods on networks made by the real CNI plugins. Each scenario runs in a child with a network namespace that plays the host.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { cniPluginDir } from "../../../helpers/cni-plugins.ts";

const script = join(import.meta.dirname, "../../../fixtures/net/scenarios.ts");
const plugins = cniPluginDir();
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "corefly-net-"));
});

afterEach(() => {
  for (const line of readFileSync("/proc/mounts", "utf8").split("\n")) {
    const [, target = ""] = line.split(" ");
    if (target.startsWith(`${work}/`)) {
      execFileSync("umount", ["--lazy", target]);
    }
  }
  rmSync(work, { recursive: true });
});

function scenario(name: string): unknown {
  const stdout = execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, name, work, plugins],
    { encoding: "utf8", timeout: 60_000 },
  );
  return JSON.parse(stdout);
}

describe("attach()", () => {
  it("connects two pods and the host, maps a host port, and detach() leaves nothing", () => {
    expect(scenario("connect")).toEqual({
      a: ["10.99.0.2"],
      b: ["10.99.0.3"],
      gateway: "10.99.0.1",
      answers: {
        fromB: "hello from a\n",
        fromHost: "hello from a\n",
        byHostPort: "hello from a\n",
        byHostPortFromB: "hello from a\n",
        ownLoopback: "hello from a\n",
        sysctl: "80\n",
      },
      while: { rules: true, leases: 2 },
      again: {
        code: "ALREADY_EXISTS",
        message: 'Cannot attach pod "11111111-1111-4111-8111-111111111111": it is attached already',
        tookMs: expect.any(Number),
      },
      remembered: ["10.99.0.2"],
      forgotten: false,
      after: { rulesA: 0, leases: [], netns: [], state: [], ports: "" },
    });
  }, 60_000);

  it("passes a plugin's own error on and undoes the networks before it", () => {
    expect(scenario("failing")).toEqual({
      error: {
        code: "EXEC",
        message:
          'Cannot attach pod "11111111-1111-4111-8111-111111111111" to network "fake": CNI plugin "failing" failed (ADD): Invalid network: vlan 5000 is; out of range',
        tookMs: expect.any(Number),
      },
      leases: [],
      state: [],
    });
  }, 30_000);

  it("says what is known of plugins that break the protocol", () => {
    const attaching =
      'Cannot attach pod "11111111-1111-4111-8111-111111111111" to network "fake": CNI plugin ';
    expect(scenario("rude")).toEqual([
      {
        code: "EXEC",
        message: `${attaching}"rude" failed (ADD): exit code 3: boom`,
        tookMs: expect.any(Number),
      },
      {
        code: "EXEC",
        message: `${attaching}"silly" failed (ADD): it printed no JSON: not json`,
        tookMs: expect.any(Number),
      },
    ]);
  }, 30_000);

  it("ends a stuck plugin and its children at the time-out", () => {
    const { error, left, state } = scenario("stuck") as {
      readonly error: { readonly code: string; readonly message: string; readonly tookMs: number };
      readonly left: string;
      readonly state: readonly string[];
    };
    expect(error.code).toBe("TIMEOUT");
    expect(error.message).toBe(
      'Cannot attach pod "11111111-1111-4111-8111-111111111111" to network "fake": Cannot run CNI plugin "stuck" (ADD): no answer within 300 ms',
    );
    expect(error.tookMs).toBeLessThan(5000);
    // Z: killed, and not yet collected by PID 1
    expect(["gone", "Z"]).toContain(left);
    expect(state).toEqual([]);
  }, 30_000);
});

describe("pinNamespaces()", () => {
  it("configures the namespaces from inside and leaves this process where it was", () => {
    expect(scenario("pinned")).toEqual({
      home: true,
      hostname: "pod-a",
      ipc: "1",
      portStart: "42",
      loopback: ["127.0.0.1/8", "::1/128"],
      ownPortStart: expect.not.stringMatching(/^42$/),
      pinned: true,
      bad: {
        code: "USAGE",
        message: 'Cannot set sysctl "net.ipv4.nope" to "1": ENOENT',
        tookMs: expect.any(Number),
      },
      left: ["ipc", "net", "uts"],
      after: [],
    });
  }, 30_000);
});
