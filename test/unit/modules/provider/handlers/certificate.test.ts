// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { certificate } from "../../../../../modules/provider/handlers/certificate.ts";
import { certificateAuthority } from "../../../../../modules/provider/handlers/certificate-authority.ts";
import { type PropertyValues, UNKNOWN } from "../../../../../modules/provider/property-value.ts";
import { textOf } from "../../../../../modules/provider/read-values.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";

const HOUR = 3_600_000;
const start = Date.parse("2026-11-25T00:00:00Z");
const at = (hours: number) => resourceContext({ name: "leaf", now: () => start + hours * HOUR });

let authority: PropertyValues;
let inputs: PropertyValues;
let olds: PropertyValues;

beforeAll(async () => {
  authority = await makeAuthority(1000);
  inputs = leafInputs(authority);
  olds = { ...inputs, ...(await certificate.create(inputs, at(0))).outputs };
});

async function makeAuthority(validityHours: number): Promise<PropertyValues> {
  const created = await certificateAuthority.create({ commonName: "ca", validityHours }, at(0));
  return created.outputs;
}

function leafInputs(from: PropertyValues): PropertyValues {
  return {
    caCertPem: textOf(from, "certPem"),
    caPrivateKeyPem: textOf(from, "privateKeyPem"),
    commonName: "leaf",
    usages: ["server"],
    validityHours: 100,
  };
}

describe("certificate renewal", () => {
  it("changes nothing at 10 % of the life", async () => {
    const context = at(10);
    const diff = await certificate.diff?.(olds, inputs, context);
    expect(diff).toEqual({ changes: false, replaces: [], detailed: {} });
    expect(context.messages).toEqual([]);
  });

  it.each([
    [
      99,
      'warning: Certificate "leaf" ends at 2026-11-29T04:00:00Z: it is renewed until 2026-12-03T07:00:00Z',
    ],
    [
      101,
      'warning: Certificate "leaf" ended at 2026-11-29T04:00:00Z: it is renewed until 2026-12-03T09:00:00Z',
    ],
  ])("updates the leaf after %d of 100 hours, with the date", async (hours, warning) => {
    const context = at(hours);
    const diff = await certificate.diff?.(olds, inputs, context);
    expect(diff).toEqual({ changes: true, replaces: [], detailed: { notAfter: "update" } });
    expect(context.messages).toEqual([warning]);
  });

  it("gives a new end in the future; the chain verifies with the same authority", async () => {
    const outputs = (await certificate.update?.("id", olds, inputs, at(101))) ?? {};
    expect(outputs["notAfter"]).toBe("2026-12-03T09:00:00Z");
    const leaf = new X509Certificate(textOf(outputs, "certPem"));
    const issuer = new X509Certificate(textOf(authority, "certPem"));
    expect(leaf.verify(issuer.publicKey)).toBe(true);
    expect(outputs["privateKeyPem"]).not.toBe(olds["privateKeyPem"]);
  });

  it("does not renew for nothing when the authority ends too", async () => {
    const shortInputs = leafInputs(await makeAuthority(100));
    const old = { ...shortInputs, ...(await certificate.create(shortInputs, at(0))).outputs };
    const context = at(99);
    expect(await certificate.diff?.(old, shortInputs, context)).toMatchObject({ changes: false });
    expect(context.messages).toEqual([
      'warning: Certificate "leaf" ends at 2026-11-29T04:00:00Z with its authority: a new one would end no later',
    ]);
  });

  it("knows that it is due even when the authority is not known yet", async () => {
    const news: PropertyValues = {
      ...inputs,
      caCertPem: UNKNOWN,
      caPrivateKeyPem: UNKNOWN,
    };
    const diff = await certificate.diff?.(olds, news, at(99));
    expect(diff?.detailed).toEqual({
      caCertPem: "update",
      caPrivateKeyPem: "update",
      notAfter: "update",
    });
  });

  it("refuses to sign with an authority that has ended", async () => {
    await expect(certificate.create(inputs, at(1001))).rejects.toThrow(
      'Cannot sign certificate "leaf": its authority ended at 2027-01-05T16:00:00Z, expected one that is valid',
    );
  });
});

describe("certificate arguments", () => {
  it.each<[string, PropertyValues, string, RegExp]>([
    [
      "an address among DNS names",
      { dnsNames: ["10.0.0.1"] },
      "dnsNames[0]",
      /belong into ipAddresses/,
    ],
    [
      "a name among addresses",
      { ipAddresses: ["localhost"] },
      "ipAddresses[0]",
      /Found "localhost"/,
    ],
    [
      "an address with a zone",
      { ipAddresses: ["fe80::1%eth0"] },
      "ipAddresses[0]",
      /expected an IPv4/,
    ],
    ["a text as authority", { caCertPem: "x" }, "caCertPem", /no certificate/],
    ["a text as key", { caPrivateKeyPem: "x" }, "caPrivateKeyPem", /no private key/],
  ])("refuses %s", async (_, wrong, property, reason) => {
    const result = await certificate.check?.(undefined, { ...inputs, ...wrong }, at(0));
    expect(result?.failures.map((failure) => failure.property)).toEqual([property]);
    expect(result?.failures[0]?.reason).toMatch(reason);
  });

  it("refuses a leaf as authority, and the key of another authority", async () => {
    const leaf = { ...inputs, caCertPem: textOf(olds, "certPem") };
    expect((await certificate.check?.(undefined, leaf, at(0)))?.failures).toEqual([
      { property: "caCertPem", reason: "Found a certificate that is no authority, expected one" },
    ]);
    const other = await makeAuthority(10);
    const mixed = { ...inputs, caPrivateKeyPem: textOf(other, "privateKeyPem") };
    expect((await certificate.check?.(undefined, mixed, at(0)))?.failures).toEqual([
      {
        property: "caPrivateKeyPem",
        reason: "Found the key of another certificate, expected the one of caCertPem",
      },
    ]);
  });

  it("accepts what is not known yet", async () => {
    const news: PropertyValues = {
      ...inputs,
      caCertPem: UNKNOWN,
      dnsNames: UNKNOWN,
      ipAddresses: [UNKNOWN],
    };
    expect((await certificate.check?.(undefined, news, at(0)))?.failures).toEqual([]);
  });
});

describe("certificateAuthority", () => {
  it("is not renewed near its end, but says so", async () => {
    const context = at(950);
    const news = { commonName: "ca", validityHours: 1000 };
    const diff = await certificateAuthority.diff?.({ ...news, ...authority }, news, context);
    expect(diff?.changes).toBe(false);
    expect(context.messages).toEqual([
      expect.stringMatching(/^warning: Certificate authority "leaf" ends at 2027-01-05T16:00:00Z/),
    ]);
  });
});
