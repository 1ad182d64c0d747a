// SPDX-License-Identifier: Apache-2.0
import { createPrivateKey, X509Certificate } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import {
  type AuthoritySubject,
  issueAuthority,
  issueLeaf,
  type LeafSubject,
} from "../../../../../modules/provider/pki/issue.ts";

const validity = {
  notBefore: new Date("2026-11-25T00:00:00Z"),
  notAfter: new Date("2027-11-25T00:00:00Z"),
};
const root: AuthoritySubject = { commonName: "corefly-ca", organization: "a, b=c" };
const subject: LeafSubject = {
  commonName: "kube-apiserver",
  organizations: ["system:masters", "second"],
  dnsNames: ["kubernetes", "kubernetes.default.svc.cluster.local", "api.example.test"],
  ipAddresses: ["fd00:18::1", "10.33.0.1", "::ffff:10.0.0.1", "::1"],
  usages: ["server", "client"],
};

describe("issueAuthority()", () => {
  it("makes a certificate that signs itself and may sign others", async () => {
    const { certPem, privateKeyPem } = await issueAuthority(root, validity);
    const certificate = new X509Certificate(certPem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    expect(certificate.subject).toBe("O=a\\, b=c\nCN=corefly-ca");
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
    expect(certificate.validFromDate).toEqual(validity.notBefore);
    expect(certificate.validToDate).toEqual(validity.notAfter);
  });
});

describe("issueLeaf()", () => {
  it("makes a certificate that the authority has signed, with all names, for all usages", async () => {
    const authority = await issueAuthority(root, validity);
    const issuer = new X509Certificate(authority.certPem);
    const { certPem, privateKeyPem } = await issueLeaf(subject, validity, authority);
    const certificate = new X509Certificate(certPem);
    expect(certificate.verify(issuer.publicKey)).toBe(true);
    expect(certificate.checkIssued(issuer)).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(privateKeyPem))).toBe(true);
    expect(certificate.subject).toBe("O=system:masters\nO=second\nCN=kube-apiserver");
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    expect(certificate.subjectAltName).toBe(
      "DNS:kubernetes, DNS:kubernetes.default.svc.cluster.local, DNS:api.example.test, " +
        "IP Address:FD00:18:0:0:0:0:0:1, IP Address:10.33.0.1, IP Address:0:0:0:0:0:FFFF:A00:1, " +
        "IP Address:0:0:0:0:0:0:0:1",
    );
  });

  it("needs no names", async () => {
    const authority = await issueAuthority({ commonName: "ca" }, validity);
    const bare: LeafSubject = {
      commonName: "client",
      organizations: [],
      dnsNames: [],
      ipAddresses: [],
      usages: ["client"],
    };
    const { certPem } = await issueLeaf(bare, validity, authority);
    expect(new X509Certificate(certPem).subjectAltName).toBeUndefined();
  });

  it("gives every certificate a positive serial number of its own", async () => {
    const authority = await issueAuthority(root, validity);
    const issued = await Promise.all([1, 2, 3].map(() => issueLeaf(subject, validity, authority)));
    const numbers = issued.map(({ certPem }) => new X509Certificate(certPem).serialNumber);
    expect(new Set(numbers).size).toBe(3);
    for (const number of numbers) expect(number).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});
