// SPDX-License-Identifier: Apache-2.0
// What the planner wants and what comes out: the API server's names for every order of ranges.
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import {
  type CertificatePlan,
  clusterCertificates,
} from "../../../../../modules/cluster/plan/certificates.ts";
import { parseCidr } from "../../../../../modules/cluster/plan/cidr.ts";
import { issueAuthority, issueLeaf } from "../../../../../modules/provider/pki/issue.ts";

const validity = { notBefore: new Date(0), notAfter: new Date(1e12) };

function apiServerPlan(ranges: readonly string[]): CertificatePlan {
  const plan = clusterCertificates({
    serviceRanges: ranges.map((range) => parseCidr(range, "serviceCidr")),
    clusterDomain: "cluster.local",
    endpoints: ["api.example.test"],
    nodes: [{ name: "controller-0", address: "10.0.2.15" }],
  }).find(({ name }) => name === "apiserver");
  if (plan === undefined) throw new Error("found no certificate of the API server, expected one");
  return plan;
}

describe("the API server's certificate", () => {
  it.each([[["fd00:18::/112", "10.33.0.0/16"]], [["10.33.0.0/16", "fd00:18::/112"]]])(
    "is valid for its first address in both families: %j",
    async (ranges) => {
      const authority = await issueAuthority({ commonName: "ca" }, validity);
      const { certPem } = await issueLeaf(apiServerPlan(ranges), validity, authority);
      const certificate = new X509Certificate(certPem);
      for (const address of ["fd00:18::1", "10.33.0.1", "10.0.2.15", "127.0.0.1"]) {
        expect(certificate.checkIP(address)).toBe(address);
      }
      for (const host of [
        "api.example.test",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
      ]) {
        expect(certificate.checkHost(host)).toBe(host);
      }
    },
  );
});
