// SPDX-License-Identifier: Apache-2.0
// Certificate: a leaf with a key of its own. An `up` near its end renews it in place, and says so.

import { randomUUID } from "node:crypto";
import { isIP } from "node:net";
import { diffBySchema, withChanges } from "../diff.ts";
import type { CheckFailure, ResourceContext, ResourceHandler } from "../handler.ts";
import { authorityDefect, authorityKeyDefect, inspectCertificate } from "../pki/inspect.ts";
import { issueLeaf, type Usage } from "../pki/issue.ts";
import { dateText, MAX_VALIDITY_HOURS, nearEnd, validityFrom } from "../pki/validity.ts";
import type { PropertyValues } from "../property-value.ts";
import { listOf, numberOf, optionalNumber, optionalText, textOf, textsOf } from "../read-values.ts";
import type { PropertySchema } from "../resource-schema.ts";

const YEAR_HOURS = 8760;

const NAME: PropertySchema = {
  type: "string",
  description: "A name.",
  pattern: /[^\0]{1,253}/,
  patternHint: "1 to 253 characters",
};

export const certificate: ResourceHandler = {
  type: "corefly:index:Certificate",
  schema: {
    description: "A certificate with an ECDSA P-256 key, signed by a CertificateAuthority.",
    inputs: {
      caCertPem: {
        type: "string",
        description: "The authority's certificate in PEM.",
        required: true,
      },
      caPrivateKeyPem: {
        type: "string",
        description: "The authority's private key in PEM.",
        required: true,
        secret: true,
      },
      commonName: { ...NAME, description: "The subject's common name.", required: true },
      organizations: {
        type: "array",
        description: "The subject's organizations: Kubernetes' groups.",
        items: NAME,
      },
      dnsNames: {
        type: "array",
        description: "DNS names that it is valid for.",
        items: {
          type: "string",
          description: "A DNS name.",
          pattern:
            /(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?/i,
          patternHint: "a DNS name",
        },
      },
      ipAddresses: {
        type: "array",
        description: "IPv4 and IPv6 addresses that it is valid for.",
        items: { type: "string", description: "An address." },
      },
      usages: {
        type: "array",
        description: "What it is for.",
        required: true,
        items: { type: "string", description: "A usage.", values: ["server", "client"] },
      },
      validityHours: {
        type: "integer",
        description: "How long it is valid, but never longer than the authority.",
        default: YEAR_HOURS,
        minimum: 1,
        maximum: MAX_VALIDITY_HOURS,
      },
      earlyRenewalHours: {
        type: "integer",
        description: "An `up` this long before the end renews it; by default a tenth of its life.",
        minimum: 0,
      },
    },
    outputs: {
      certPem: { type: "string", description: "The certificate in PEM." },
      privateKeyPem: {
        type: "string",
        secret: true,
        description: "The private key, PKCS #8 in PEM.",
      },
      notAfter: { type: "string", description: "When it ends, ISO 8601 in UTC." },
    },
  },

  async check(_olds, news) {
    return { inputs: news, failures: [...addressFailures(news), ...authorityFailures(news)] };
  },

  async diff(olds, news, context) {
    const diff = diffBySchema(olds, news, this.schema);
    return renewalIsDue(olds, news, context) ? withChanges(diff, { notAfter: "update" }) : diff;
  },

  async create(inputs, context) {
    return { id: randomUUID(), outputs: await issue(inputs, context) };
  },

  async update(_id, _olds, news, context) {
    return await issue(news, context);
  },
};

async function issue(inputs: PropertyValues, context: ResourceContext): Promise<PropertyValues> {
  const caCertPem = textOf(inputs, "caCertPem");
  const authority = inspectCertificate(caCertPem);
  if (authority.notAfter.getTime() <= context.now()) {
    throw new Error(
      `Cannot sign certificate "${context.name}": its authority ended at ${dateText(authority.notAfter)}, expected one that is valid`,
    );
  }
  const validity = validityFrom(context.now(), numberOf(inputs, "validityHours"), authority);
  const issued = await issueLeaf(
    {
      commonName: textOf(inputs, "commonName"),
      organizations: textsOf(inputs, "organizations"),
      dnsNames: textsOf(inputs, "dnsNames"),
      ipAddresses: textsOf(inputs, "ipAddresses"),
      usages: textsOf(inputs, "usages").map(usage),
    },
    validity,
    { certPem: caCertPem, privateKeyPem: textOf(inputs, "caPrivateKeyPem") },
  );
  return { ...issued, notAfter: dateText(validity.notAfter) };
}

function usage(text: string): Usage {
  return text === "server" ? "server" : "client";
}

/** Near its end, and a new one would live longer: one that ends with its authority cannot be helped. */
function renewalIsDue(
  olds: PropertyValues,
  news: PropertyValues,
  context: ResourceContext,
): boolean {
  const leaf = inspectCertificate(textOf(olds, "certPem"));
  const now = context.now();
  if (!nearEnd(leaf, optionalNumber(news, "earlyRenewalHours"), now)) return false;
  const ended = now >= leaf.notAfter.getTime();
  const what = `Certificate "${context.name}" ${ended ? "ended" : "ends"} at ${dateText(leaf.notAfter)}`;
  const caCertPem = optionalText(news, "caCertPem");
  const authority = caCertPem === undefined ? undefined : inspectCertificate(caCertPem);
  const next = validityFrom(now, numberOf(news, "validityHours"), authority);
  if (next.notAfter.getTime() <= leaf.notAfter.getTime()) {
    context.warn(`${what} with its authority: a new one would end no later`);
    return false;
  }
  context.warn(`${what}: it is renewed until ${dateText(next.notAfter)}`);
  return true;
}

function addressFailures(news: PropertyValues): CheckFailure[] {
  const misplaced = listOf(news, "dnsNames").flatMap((value, index) =>
    typeof value === "string" && isIP(value) > 0
      ? [
          {
            property: `dnsNames[${index}]`,
            reason: `Found address "${value}", expected a DNS name: addresses belong into ipAddresses`,
          },
        ]
      : [],
  );
  const malformed = listOf(news, "ipAddresses").flatMap((value, index) =>
    typeof value !== "string" || (isIP(value) > 0 && !value.includes("%"))
      ? []
      : [
          {
            property: `ipAddresses[${index}]`,
            reason: `Found "${value}", expected an IPv4 or IPv6 address`,
          },
        ],
  );
  return [...misplaced, ...malformed];
}

function authorityFailures(news: PropertyValues): CheckFailure[] {
  const certPem = optionalText(news, "caCertPem");
  if (certPem === undefined) return [];
  const defect = authorityDefect(certPem);
  if (defect !== undefined) return [{ property: "caCertPem", reason: defect }];
  const keyPem = optionalText(news, "caPrivateKeyPem");
  const keyDefect = keyPem === undefined ? undefined : authorityKeyDefect(certPem, keyPem);
  return keyDefect === undefined ? [] : [{ property: "caPrivateKeyPem", reason: keyDefect }];
}
