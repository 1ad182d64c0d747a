// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { kubeconfig } from "../../../../../modules/cluster/plan/kubeconfig.ts";
import { parseKubeconfig } from "../../../../../modules/provider/ready/kube-client.ts";

describe("parseKubeconfig", () => {
  it("reads the kubeconfig that the cluster's planner writes", () => {
    const text = kubeconfig({
      cluster: "lab",
      user: "admin",
      server: "https://127.0.0.1:20001/",
      caCertPem: "CA",
      clientCertPem: "CERT",
      clientKeyPem: "KEY",
    });
    expect(parseKubeconfig(text)).toEqual({
      server: "https://127.0.0.1:20001",
      caPem: "CA",
      clientCertPem: "CERT",
      clientKeyPem: "KEY",
    });
  });

  it("says what is missing", () => {
    expect(() => parseKubeconfig("current-context: x")).toThrow(
      'Cannot read the kubeconfig: it has no context "x"',
    );
  });
});
