// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { attach, detach, pluginInput } from "../../../../runtime/net/attach.ts";
import { attachedPods, parseAttachments } from "../../../../runtime/net/attachments.ts";
import { parseNetwork } from "../../../../runtime/net/network.ts";
import { pluginEnvironment } from "../../../../runtime/net/plugin.ts";
import { recordingSystem } from "../../../../runtime/system/fake/recording-system.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const list = parseNetwork(
  JSON.stringify({
    cniVersion: "1.0.0",
    name: "test",
    plugins: [
      { type: "one", key: [1] },
      { type: "two", capabilities: { portMappings: true } },
    ],
  }),
  "10-test.conflist",
);
const attachment = {
  network: list,
  netnsPath: "/run/netns/a",
  ifName: "eth0",
  args: {},
  portMappings: [{ hostPort: 80, containerPort: 8080, protocol: "tcp" }],
  result: undefined,
};

let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "corefly-attach-"));
});

afterEach(() => rmSync(work, { recursive: true }));

/** A plugin that notes each call and answers ADD with one address. */
function plugin(name: string, more = ""): void {
  const script = `#!/bin/sh
printf '%s %s %s ' "$CNI_COMMAND" ${name} "$CNI_IFNAME" >> ${work}/calls; cat >> ${work}/calls; echo >> ${work}/calls
${more}
[ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]}'
exit 0
`;
  writeFileSync(join(work, name), script, { mode: 0o755 });
}

function host() {
  return {
    pluginDirs: [work],
    path: "/usr/bin:/bin",
    stateDir: join(work, "state"),
    timeoutMs: 5000,
  };
}

function calls(): readonly string[] {
  const text = linuxSystem().files.findTextSync(join(work, "calls")) ?? "";
  return text
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [line.split(" ").slice(0, 3).join(" ")]));
}

describe("pluginInput()", () => {
  it("adds name, version, previous result, and mappings only for who can map", () => {
    expect(pluginInput(attachment, 0, undefined)).toEqual({
      type: "one",
      key: [1],
      name: "test",
      cniVersion: "1.0.0",
    });
    expect(pluginInput(attachment, 1, { ips: [] })).toEqual({
      type: "two",
      runtimeConfig: { portMappings: [{ hostPort: 80, containerPort: 8080, protocol: "tcp" }] },
      name: "test",
      cniVersion: "1.0.0",
      prevResult: { ips: [] },
    });
  });
});

describe("pluginEnvironment()", () => {
  it("has the protocol's variables and PATH, nothing else", () => {
    expect(
      pluginEnvironment(
        { pluginDirs: ["/a", "/b"], path: "/opt/corefly/bin:/usr/bin" },
        {
          command: "ADD",
          type: "bridge",
          containerId: "p1",
          netns: "/run/netns/a",
          ifName: "eth0",
          args: { IgnoreUnknown: "1", K8S_POD_NAME: "web" },
          stdin: {},
        },
      ),
    ).toEqual({
      CNI_COMMAND: "ADD",
      CNI_CONTAINERID: "p1",
      CNI_NETNS: "/run/netns/a",
      CNI_IFNAME: "eth0",
      CNI_ARGS: "IgnoreUnknown=1;K8S_POD_NAME=web",
      CNI_PATH: "/a:/b",
      PATH: "/opt/corefly/bin:/usr/bin",
    });
  });
});

describe("attach()", () => {
  const system = linuxSystem();
  const pod = { uuid: "p1", netnsPath: "/nonexistent/netns" };

  it("tells plugins to ignore the arguments of their neighbours", async () => {
    for (const name of ["one", "two"]) {
      plugin(name, `echo "${name} $CNI_ARGS" >> ${work}/args`);
    }
    const args = { IP: "10.1.2.3" };
    await attach(system, host(), pod, [{ network: list, args }, { network: list }]);
    const seen = linuxSystem().files.findTextSync(join(work, "args"))?.split("\n");
    const lan = "IgnoreUnknown=1;IP=10.1.2.3";
    expect(seen).toEqual([`one ${lan}`, `two ${lan}`, "one ", "two ", ""]);
    await detach(system, host(), "p1");
  });

  it("runs each network's plugins; detach() runs them backwards", async () => {
    for (const name of ["one", "two"]) {
      plugin(name);
    }
    const result = await attach(system, host(), pod, [{ network: list }]);
    expect(result.ips).toEqual(["10.0.0.2"]);
    expect(await attachedPods(system, host().stateDir)).toEqual(["p1"]);
    await detach(system, host(), "p1");
    expect(calls()).toEqual(["ADD one eth0", "ADD two eth0", "DEL two eth0", "DEL one eth0"]);
    expect(readdirSync(host().stateDir)).toEqual([]);
  });

  it("undoes a half-made network with DEL of all its plugins", async () => {
    plugin("one");
    plugin("two", '[ "$CNI_COMMAND" = ADD ] && exit 1');
    await expect(attach(system, host(), pod, [{ network: list }])).rejects.toThrow(
      'Cannot attach pod "p1" to network "test": CNI plugin "two" failed (ADD): exit code 1',
    );
    expect(calls().slice(2)).toEqual(["DEL two eth0", "DEL one eth0"]);
  });

  it("keeps what could not be undone, so that detach() can be repeated", async () => {
    plugin("one");
    plugin("two", `[ -e ${work}/healed ] || exit 1`);
    await expect(attach(system, host(), pod, [{ network: list }])).rejects.toThrow(
      "(ADD): exit code 1",
    );
    expect(await attachedPods(system, host().stateDir)).toEqual(["p1"]);
    await expect(detach(system, host(), "p1")).rejects.toThrow(
      'Cannot detach pod "p1" from network "test": CNI plugin "two" failed (DEL): exit code 1',
    );
    writeFileSync(join(work, "healed"), "");
    await detach(system, host(), "p1");
    expect(await attachedPods(system, host().stateDir)).toEqual([]);
  });

  it("writes nothing down for a pod without a network", async () => {
    expect(await attach(system, host(), pod, [])).toEqual({ ips: [], networks: [] });
    expect(await attachedPods(system, host().stateDir)).toEqual([]);
    await detach(system, host(), "p1");
  });

  it("names a missing plugin and where it looked", async () => {
    await expect(attach(system, host(), pod, [{ network: list }])).rejects.toThrow(
      `Cannot attach pod "p1" to network "test": Cannot find CNI plugin "one" in "${work}"`,
    );
  });

  it("refuses a host port that no network can map, before anything is done", async () => {
    const plain = parseNetwork('{"name":"plain","type":"one"}', "x.conf");
    const mapping = { hostPort: 80, containerPort: 80, protocol: "tcp" };
    await expect(
      attach(recordingSystem(), host(), pod, [{ network: plain }], [mapping]),
    ).rejects.toThrow(
      'Cannot map host port 80: network "plain" has no plugin with the capability "portMappings"',
    );
    await expect(attach(recordingSystem(), host(), pod, [], [mapping])).rejects.toThrow(
      "Cannot map host port 80: the pod has no network",
    );
    expect(calls()).toEqual([]);
  });

  it("stops when it is cancelled", async () => {
    plugin("one", '[ "$CNI_COMMAND" = ADD ] && sleep 60');
    plugin("two");
    const signal = AbortSignal.timeout(100);
    await expect(attach(system, host(), pod, [{ network: list }], [], { signal })).rejects.toThrow(
      'Cannot attach pod "p1" to network "test": Cannot run CNI plugin "one": cancelled',
    );
  }, 15_000);
});

describe("parseAttachments()", () => {
  it.each([
    ["{", "not JSON"],
    ["{}", "expected a list"],
    ["[1]", "an entry is not an object"],
    ["[{}]", "an entry lacks netnsPath, ifName or args"],
  ])("refuses %s", (text, reason) => {
    expect(() => parseAttachments(text, "/state/p1.json")).toThrow(
      `Cannot read attachments "/state/p1.json": ${reason}`,
    );
  });
});
