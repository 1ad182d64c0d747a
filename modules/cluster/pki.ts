// SPDX-License-Identifier: Apache-2.0
// The cluster's keys and certificates as resources, after the plan of plan/certificates.ts.

import * as pulumi from "@pulumi/pulumi";
import { Certificate } from "../provider/resources/certificate.ts";
import { CertificateAuthority } from "../provider/resources/certificate-authority.ts";
import { KeyPair } from "../provider/resources/key-pair.ts";
import type { SigningKey } from "../provider/resources/signing-key.ts";
import { AUTHORITIES, type CertificatePlan } from "./plan/certificates.ts";
import type { CertificateAndKey, NodeSecrets } from "./plan/node-secrets.ts";

/** Makes the authorities, every planned certificate and the service account key, as children of `parent`. */
export function createPki(
  name: string,
  plans: readonly CertificatePlan[],
  signingKey: SigningKey,
  parent: pulumi.Resource,
): pulumi.Output<NodeSecrets> {
  const authorities = mapValues(
    AUTHORITIES,
    (commonName, authority) =>
      new CertificateAuthority(`${name}-${authority}-ca`, { commonName }, { parent }),
  );
  const certificates = Object.fromEntries(
    plans.map((plan) => [plan.name, certificate(name, plan, authorities[plan.authority], parent)]),
  );
  const serviceAccount = new KeyPair(`${name}-service-account`, { parent });
  const secrets: pulumi.Output<unknown> = pulumi.output({
    authorities: mapValues(authorities, certificateAndKey),
    certificates: mapValues(certificates, certificateAndKey),
    serviceAccount: {
      publicKeyPem: serviceAccount.publicKeyPem,
      privateKeyPem: serviceAccount.privateKeyPem,
    },
    signingKey: { publicKey: signingKey.publicKey, fingerprint: signingKey.fingerprint },
  });
  // Pulumi's unwrapped types lose the names of the records' keys.
  return secrets as pulumi.Output<NodeSecrets>;
}

function certificate(
  name: string,
  plan: CertificatePlan,
  authority: CertificateAuthority,
  parent: pulumi.Resource,
): Certificate {
  return new Certificate(
    `${name}-${plan.name}`,
    {
      caCertPem: authority.certPem,
      caPrivateKeyPem: authority.privateKeyPem,
      commonName: plan.commonName,
      organizations: [...plan.organizations],
      dnsNames: [...plan.dnsNames],
      ipAddresses: [...plan.ipAddresses],
      usages: [...plan.usages],
    },
    { parent },
  );
}

function certificateAndKey(resource: {
  readonly certPem: pulumi.Output<string>;
  readonly privateKeyPem: pulumi.Output<string>;
}): pulumi.Output<CertificateAndKey> {
  return pulumi
    .all([resource.certPem, resource.privateKeyPem])
    .apply(([certPem, keyPem]) => ({ certPem, keyPem }));
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  map: (value: From, key: Key) => To,
): Record<Key, To> {
  const entries = Object.entries(record) as [Key, From][];
  return Object.fromEntries(entries.map(([key, value]) => [key, map(value, key)])) as Record<
    Key,
    To
  >;
}
