// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  bridgeNetwork,
  builtInNetworks,
  withBuiltIn,
} from "../../../../runtime/net/builtin-networks.ts";
import {
  loadNetworks,
  networkJson,
  networkOf,
  parseNetwork,
} from "../../../../runtime/net/network.ts";
import { recordingSystem } from "../../../../runtime/system/fake/recording-system.ts";

describe("parseNetwork()", () => {
  it("reads a list of plugins", () => {
    const text = JSON.stringify({
      cniVersion: "1.0.0",
      name: "cluster",
      disableCheck: true,
      plugins: [
        { type: "bridge", bridge: "cni0" },
        { type: "portmap", capabilities: { portMappings: true, x: false } },
      ],
    });
    expect(parseNetwork(text, "/etc/x.conflist")).toEqual({
      name: "cluster",
      cniVersion: "1.0.0",
      disableCheck: true,
      plugins: [
        { type: "bridge", capabilities: {}, raw: { type: "bridge", bridge: "cni0" } },
        {
          type: "portmap",
          capabilities: { portMappings: true, x: false },
          raw: { type: "portmap", capabilities: { portMappings: true, x: false } },
        },
      ],
      origin: "/etc/x.conflist",
    });
  });

  it("reads a single plugin without a version, as rkt's files are", () => {
    const network = parseNetwork('{"name":"lan","type":"macvlan","master":"eth0"}', "10-lan.conf");
    expect(network.cniVersion).toBe("0.1.0");
    expect(network.plugins.map(({ type }) => type)).toEqual(["macvlan"]);
  });

  it.each([
    ["[]", "expected a JSON object"],
    [
      '{"type":"a"}',
      'name is undefined, expected a letter or digit, then letters, digits, "_", "." and "-"',
    ],
    [
      '{"name":"../x","type":"a"}',
      'name is "../x", expected a letter or digit, then letters, digits, "_", "." and "-"',
    ],
    [
      '{"name":"a","type":"a","cniVersion":"2.0.0"}',
      'cniVersion is "2.0.0", expected one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0',
    ],
    [
      '{"name":"a","type":"a","cniVersion":1}',
      "cniVersion is 1, expected one of 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0",
    ],
    ['{"name":"a","plugins":[]}', "plugins is not a list of at least one plugin"],
    ['{"name":"a","plugins":{}}', "plugins is not a list of at least one plugin"],
    ['{"name":"a","plugins":["x"]}', "plugins[0] is not an object"],
    [
      '{"name":"a","plugins":[{"type":"bridge"},{}]}',
      "plugins[1].type is undefined, expected the name of a plugin",
    ],
    ['{"name":"a","type":"../../bin/sh"}', 'type is "../../bin/sh", expected the name of a plugin'],
    [
      '{"name":"a","type":"a","plugins":[{"type":"b"}]}',
      "it has both type and plugins, expected one of them",
    ],
    ['{"name":"a","type":"a","capabilities":[]}', "capabilities is not an object"],
  ])("refuses %s", (text, reason) => {
    expect(() => parseNetwork(text, "/etc/x.conf")).toThrow(
      `Cannot read network "/etc/x.conf": ${reason}`,
    );
  });

  it("says where the JSON breaks", () => {
    expect(() => parseNetwork('{"name": }', "/etc/x.conf")).toThrow(
      /^Cannot read network "\/etc\/x.conf": .*JSON/,
    );
  });
});

describe("networkJson()", () => {
  it("is read back the same", () => {
    for (const network of builtInNetworks()) {
      expect(networkOf(JSON.parse(JSON.stringify(networkJson(network))), network.origin)).toEqual(
        network,
      );
    }
  });
});

describe("loadNetworks()", () => {
  let work: string;
  const system = recordingSystem();
  const write = (path: string, name: string) => {
    mkdirSync(join(work, path, ".."), { recursive: true });
    writeFileSync(join(work, path), JSON.stringify({ name, type: "bridge" }));
  };

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "corefly-net-"));
  });

  afterEach(() => rmSync(work, { recursive: true }));

  it("sorts by file name over all directories, and a later directory replaces a file", async () => {
    write("usr/20-b.conf", "vendor-b");
    write("usr/30-c.conflist", "c");
    write("etc/10-a.json", "a");
    write("etc/20-b.conf", "local-b");
    write("etc/40-d.conf.bak", "d");
    const networks = await loadNetworks(system, [
      join(work, "usr"),
      join(work, "etc"),
      join(work, "none"),
    ]);
    expect(networks.map(({ name }) => name)).toEqual(["a", "local-b", "c"]);
  });

  it("refuses two networks of one name", async () => {
    write("etc/10-a.conf", "a");
    write("etc/20-a.conf", "a");
    await expect(loadNetworks(system, [join(work, "etc")])).rejects.toThrow(
      `Cannot load network "a": both "${work}/etc/10-a.conf" and "${work}/etc/20-a.conf" define it`,
    );
  });
});

describe("withBuiltIn()", () => {
  it("lets configuration replace a built-in network", () => {
    const mine = parseNetwork('{"name":"default","type":"bridge"}', "mine.conf");
    expect(withBuiltIn([mine]).map(({ name, origin }) => [name, origin])).toEqual([
      ["default", "mine.conf"],
      ["default-restricted", "built in"],
    ]);
  });
});

describe("bridgeNetwork()", () => {
  it("has a range and a route for each family, and needs no iptables", () => {
    const network = bridgeNetwork("cluster", ["10.2.0.0/24", "fd00:2::/64"]);
    expect(network.plugins.map(({ raw }) => raw)).toEqual([
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        hairpinMode: true,
        ipMasq: true,
        ipMasqBackend: "nftables",
        ipam: {
          type: "host-local",
          dataDir: "/run/corefly/ipam",
          ranges: [[{ subnet: "10.2.0.0/24" }], [{ subnet: "fd00:2::/64" }]],
          routes: [{ dst: "0.0.0.0/0" }, { dst: "::/0" }],
        },
      },
      { type: "portmap", backend: "nftables", capabilities: { portMappings: true } },
    ]);
  });
});
