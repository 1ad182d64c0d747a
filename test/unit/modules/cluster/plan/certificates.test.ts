// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  clusterCertificates,
  kubeletCertificate,
} from "../../../../../modules/cluster/plan/certificates.ts";
import { parseCidr } from "../../../../../modules/cluster/plan/cidr.ts";

const plan = (...ranges: readonly string[]) =>
  clusterCertificates({
    serviceRanges: ranges.map((range) => parseCidr(range, "serviceCidr")),
    clusterDomain: "cluster.local",
    endpoints: ["https://api.example.test", "127.0.0.1:20001", "https://[fd00::7]:6443"],
    nodes: [{ name: "lab-controller-0", address: "10.0.2.15" }],
  });

describe("clusterCertificates()", () => {
  it.each([
    ["fd00:18::/112", "10.33.0.0/16"],
    ["10.33.0.0/16", "fd00:18::/112"],
  ])("names the API server by every service range: %s, %s (CLU-06)", (...ranges) => {
    const server = plan(...ranges).find((certificate) => certificate.name === "apiserver");
    expect(new Set(server?.ipAddresses)).toEqual(
      new Set(["fd00:18::1", "10.33.0.1", "127.0.0.1", "fd00::7", "10.0.2.15"]),
    );
    expect(server?.ipAddresses[0]).toBe(ranges[0] === "10.33.0.0/16" ? "10.33.0.1" : "fd00:18::1");
    expect(server?.dnsNames).toEqual([
      "kubernetes",
      "kubernetes.default",
      "kubernetes.default.svc",
      "kubernetes.default.svc.cluster.local",
      "api.example.test",
      "lab-controller-0",
      "localhost",
    ]);
  });

  it("gives system:masters to people and the addons only", () => {
    const masters = plan("10.3.0.0/16").filter(({ organizations }) =>
      organizations.includes("system:masters"),
    );
    expect(masters.map(({ name }) => name)).toEqual(["admin", "addons"]);
  });
});

describe("kubeletCertificate()", () => {
  it("is what the node authorizer expects", () => {
    const { commonName, organizations } = kubeletCertificate("lab-controller-0");
    expect({ commonName, organizations }).toEqual({
      commonName: "system:node:lab-controller-0",
      organizations: ["system:nodes"],
    });
  });
});
