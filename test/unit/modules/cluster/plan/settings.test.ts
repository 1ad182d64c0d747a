// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { formatCidr } from "../../../../../modules/cluster/plan/cidr.ts";
import {
  type ClusterSettingsArgs,
  clusterSettings,
} from "../../../../../modules/cluster/plan/settings.ts";

const KEY =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0Xn6l1Y1b1l8l3y9vJ1w7VbqU0oHq9Jr2qz3G0q3Zk somebody";

const settings = (args: Partial<ClusterSettingsArgs> = {}) =>
  clusterSettings({ name: "lab", ...args }, { kubernetes: ["v1.37.2"] });

describe("clusterSettings()", () => {
  it("has a default for everything but the name", () => {
    const plan = settings();
    expect(formatCidr(plan.podRange)).toBe("10.20.0.0/16");
    expect(plan.dnsAddress).toBe("10.3.0.10");
    expect(plan.controllers.map((node) => [node.name, formatCidr(node.podRange)])).toEqual([
      ["lab-controller-0", "10.20.0.0/24"],
    ]);
  });

  it.each<[string, Partial<ClusterSettingsArgs>]>([
    [
      'Invalid argument "serviceCidr": "10.20.8.0/24" overlaps podCidr "10.20.0.0/16", expected ranges that share no address',
      { serviceCidr: "10.20.8.0/24" },
    ],
    [
      'Invalid argument "podCidr": "10.0.0.0/8" overlaps the nodes\' network 10.0.2.0/24, expected ranges that share no address',
      { podCidr: "10.0.0.0/8" },
    ],
    [
      'Invalid argument "serviceCidr": "127.16.0.0/16" overlaps 127.0.0.0/8 (loopback), expected an ordinary range',
      { serviceCidr: "127.16.0.0/16" },
    ],
    [
      'Invalid argument "podCidr": "0.0.0.0/0" overlaps 0.0.0.0/8 (this network), expected an ordinary range',
      { podCidr: "0.0.0.0/0" },
    ],
    [
      'Invalid argument "podCidr": "239.0.0.0/16" overlaps 224.0.0.0/3 (multicast and reserved), expected an ordinary range',
      { podCidr: "239.0.0.0/16" },
    ],
    [
      'Invalid argument "os": "beos" is not known, expected one of lab, fedora-coreos, flatcar',
      { os: "beos" },
    ],
    ['Invalid argument "controllerCount": 0 controllers, expected 1', { controllerCount: 0 }],
    [
      'Invalid argument "sshAuthorizedKeys": "ssh-ed25519 garbage" is not a public key, expected a line like "ssh-ed25519 AAAA… name"',
      { sshAuthorizedKeys: ["ssh-ed25519 garbage"] },
    ],
    [
      'Invalid argument "kubernetesVersion": there is no artefact of "v1.2.3", expected one of v1.37.2',
      { kubernetesVersion: "v1.2.3" },
    ],
    [
      'Invalid argument "podCidr": "10.20.0.0/25" has 0 subnets of /24, expected more than 0',
      { podCidr: "10.20.0.0/25" },
    ],
  ])("says %s", (message, args) => {
    expect(() => settings(args)).toThrow(message);
  });

  it("takes a public key whose blob names its type", () => {
    expect(settings({ sshAuthorizedKeys: [`${KEY}\n`] }).sshAuthorizedKeys).toEqual([KEY]);
  });

  it("refuses a public key whose blob names another type", () => {
    expect(() => settings({ sshAuthorizedKeys: [KEY.replace("ssh-ed25519", "ssh-rsa")] })).toThrow(
      "is not a public key",
    );
  });
});
