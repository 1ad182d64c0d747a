// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseResult } from "../../../../runtime/net/result.ts";

describe("parseResult()", () => {
  it("takes the pod's addresses and not the bridge's", () => {
    const result = parseResult(
      {
        cniVersion: "1.0.0",
        interfaces: [{ name: "cni0" }, { name: "eth0", sandbox: "/run/netns/a" }],
        ips: [
          { address: "10.2.0.1/24", interface: 0 },
          { address: "10.2.0.5/24", gateway: "10.2.0.1", interface: 1 },
          { address: "fd00:2::5/64", interface: 1 },
        ],
        dns: { nameservers: ["10.3.0.10"], search: ["a", 1], domain: "d" },
      },
      "network",
    );
    expect(result).toEqual({
      ips: [
        { address: "10.2.0.5", prefixLength: 24, gateway: "10.2.0.1" },
        { address: "fd00:2::5", prefixLength: 64, gateway: undefined },
      ],
      dns: { nameservers: ["10.3.0.10"], search: ["a"], domain: "d", options: [] },
    });
  });

  it("reads the form of 0.1.0 and 0.2.0, which rkt's plugins spoke", () => {
    const { ips } = parseResult(
      { ip4: { ip: "172.16.28.2/24", gateway: "172.16.28.1", routes: [] }, dns: {} },
      "network",
    );
    expect(ips).toEqual([{ address: "172.16.28.2", prefixLength: 24, gateway: "172.16.28.1" }]);
  });

  it.each([
    [undefined, "nothing is not an object"],
    [null, "null is not an object"],
    [[1], "[1] is not an object"],
    [{ ips: [{ address: "10.2.0.5" }] }, 'address is "10.2.0.5", expected "a.b.c.d/n"'],
    [{ ips: [{}] }, 'address is undefined, expected "a.b.c.d/n"'],
  ])("refuses %j", (value, reason) => {
    expect(() => parseResult(value, "network")).toThrow(
      `Cannot read the result of network: ${reason}`,
    );
  });
});
