// SPDX-License-Identifier: Apache-2.0
// CertificateAuthority: signs itself, and the cluster's certificates. Never renewed by itself, as all that trusts it
// would break; an `up` says when its end is near.

import { diffBySchema } from "../diff.ts";
import type { ResourceHandler } from "../handler.ts";
import { inspectCertificate } from "../pki/inspect.ts";
import { issueAuthority } from "../pki/issue.ts";
import { dateText, MAX_VALIDITY_HOURS, nearEnd, validityFrom } from "../pki/validity.ts";
import { numberOf, optionalText, textOf } from "../read-values.ts";

const TEN_YEARS_HOURS = 87_600;

export const certificateAuthority: ResourceHandler = {
  type: "corefly:index:CertificateAuthority",
  schema: {
    description: "A self-signed certificate authority with an ECDSA P-256 key.",
    inputs: {
      commonName: {
        type: "string",
        description: "The subject's common name.",
        required: true,
        replaces: true,
        pattern: /.{1,64}/s,
        patternHint: "1 to 64 characters",
      },
      organization: {
        type: "string",
        description: "The subject's organization.",
        replaces: true,
        pattern: /.{1,64}/s,
        patternHint: "1 to 64 characters",
      },
      validityHours: {
        type: "integer",
        description: "How long it is valid.",
        default: TEN_YEARS_HOURS,
        replaces: true,
        minimum: 1,
        maximum: MAX_VALIDITY_HOURS,
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
      fingerprint: { type: "string", description: "SHA-256 of the certificate." },
    },
  },

  async diff(olds, news, context) {
    const { notBefore, notAfter } = inspectCertificate(textOf(olds, "certPem"));
    if (nearEnd({ notBefore, notAfter }, undefined, context.now())) {
      context.warn(
        `Certificate authority "${context.name}" ends at ${dateText(notAfter)}, and with it all certificates that it signed: ` +
          "replace it with `pulumi up --replace` when the cluster may be replaced",
      );
    }
    return diffBySchema(olds, news, this.schema);
  },

  async create(inputs, context) {
    const issued = await issueAuthority(
      {
        commonName: textOf(inputs, "commonName"),
        organization: optionalText(inputs, "organization"),
      },
      validityFrom(context.now(), numberOf(inputs, "validityHours")),
    );
    const { notAfter, fingerprint } = inspectCertificate(issued.certPem);
    return {
      id: fingerprint,
      outputs: { ...issued, notAfter: dateText(notAfter), fingerprint },
    };
  },
};
