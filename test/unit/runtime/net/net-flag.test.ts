// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { builtInNetworks } from "../../../../runtime/net/builtin-networks.ts";
import { chooseNetworks } from "../../../../runtime/net/net-flag.ts";
import { parseNetwork } from "../../../../runtime/net/network.ts";

const lan = parseNetwork('{"name":"lan","type":"macvlan"}', "10-lan.conf");
const available = [lan, ...builtInNetworks()];

function chosen(...flags: readonly string[]) {
  const choice = chooseNetworks(flags, available);
  return choice.kind === "host"
    ? "host"
    : choice.networks.map(({ network, args }) => [network.name, args]);
}

describe("chooseNetworks()", () => {
  it.each([
    [[], [["default", {}]]],
    [[""], [["default", {}]]],
    [["default"], [["default", {}]]],
    [["host"], "host"],
    [["none"], []],
    [
      ["all"],
      [
        ["lan", {}],
        ["default", {}],
        ["default-restricted", {}],
      ],
    ],
    [
      ["default,lan"],
      [
        ["lan", {}],
        ["default", {}],
      ],
    ],
    [
      ["default", "lan"],
      [
        ["lan", {}],
        ["default", {}],
      ],
    ],
    [["lan:IP=10.1.2.3;MAC=a=b"], [["lan", { IP: "10.1.2.3", MAC: "a=b" }]]],
    [
      ["all", "lan:IP=10.1.2.3"],
      [
        ["lan", { IP: "10.1.2.3" }],
        ["default", {}],
        ["default-restricted", {}],
      ],
    ],
  ])("--net=%j is %j", (flags, networks) => {
    expect(chosen(...flags)).toEqual(networks);
  });

  it.each([
    [["lan,lan"], 'Cannot use network "lan" twice'],
    [["host,lan"], "Cannot use --net=host together with other networks"],
    [["none", "default"], "Cannot use --net=none together with other networks"],
    [["lan", "x", "y"], 'networks not found: "x", "y"'],
    [["lan:IP"], 'Cannot read --net=lan:IP: "IP" is not NAME=VALUE'],
    [["lan:=1"], 'Cannot read --net=lan:=1: "=1" is not NAME=VALUE'],
  ])("refuses --net=%j", (flags, message) => {
    expect(() => chosen(...flags)).toThrow(message);
  });
});
