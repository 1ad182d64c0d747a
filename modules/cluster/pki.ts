// SPDX-License-Identifier: Apache-2.0
// The cluster's keys and certificates as resources, after the plan of plan/certificates.ts.

import * as pulumi from "@pulumi/pulumi";
import { Certificate } from "../provider/resources/certificate.ts";
import { CertificateAuthority } from "../provider/resources/certificate-authority.ts";
import { KeyPair } from "../provider/resources/key-pair.ts";
import type { SigningKey } from "../provider/resources/signing-key.ts";
import { fingerprint } from "./contents.ts";
import { ADMIN, AUTHORITIES, type CertificatePlan } from "./plan/certificates.ts";
import type { AdminCredentials } from "./plan/kubeconfig.ts";
import type { CertificateAndKey, NodeSecrets } from "./plan/node-secrets.ts";

export interface ClusterPki {
  /** What nodes get; unknown as long as one of it is. */
  readonly nodes: pulumi.Output<NodeSecrets>;
  /** What tells each of that from another, by a name for people. */
  readonly fingerprints: Readonly<Record<string, pulumi.Output<string>>>;
  /** A key that stays as long as the cluster does. */
  readonly serviceAccountKey: pulumi.Output<string>;
  readonly admin: pulumi.Output<AdminCredentials>;
}

/** Makes the authorities, every planned certificate and the service account key, as children of `parent`. */
export function createPki(
  name: string,
  plans: readonly CertificatePlan[],
  signingKey: SigningKey,
  parent: pulumi.Resource,
): ClusterPki {
  const authorities = mapValues(
    AUTHORITIES,
    (commonName, authority) =>
      new CertificateAuthority(`${name}-${authority}-ca`, { commonName }, { parent }),
  );
  const make = (plan: CertificatePlan) =>
    [plan.name, certificate(name, plan, authorities[plan.authority], parent)] as const;
  const ofNodes = Object.fromEntries(plans.filter((plan) => plan.name !== ADMIN).map(make));
  const [[, admin] = []] = plans.filter((plan) => plan.name === ADMIN).map(make);
  if (admin === undefined) throw new Error(`The plan has no certificate "${ADMIN}"`);
  const serviceAccount = new KeyPair(`${name}-service-account`, { parent });
  const nodes: pulumi.Output<unknown> = pulumi.output({
    authorities: mapValues(authorities, certificateAndKey),
    certificates: mapValues(ofNodes, certificateAndKey),
    serviceAccount: {
      publicKeyPem: serviceAccount.publicKeyPem,
      privateKeyPem: serviceAccount.privateKeyPem,
    },
    signingKey: { publicKey: signingKey.publicKey, fingerprint: signingKey.fingerprint },
  });
  return {
    // Pulumi's unwrapped types lose the names of the records' keys.
    nodes: nodes as pulumi.Output<NodeSecrets>,
    fingerprints: {
      ...fingerprints("authority", authorities),
      ...fingerprints("certificate", ofNodes),
      "service account key": fingerprint(serviceAccount.publicKeyPem),
      "image signing key": fingerprint(signingKey.publicKey),
    },
    serviceAccountKey: serviceAccount.privateKeyPem,
    admin: pulumi.output({
      caCertPem: authorities.kubernetes.certPem,
      certPem: admin.certPem,
      keyPem: admin.privateKeyPem,
    }),
  };
}

function fingerprints(
  kind: string,
  resources: Readonly<Record<string, { readonly certPem: pulumi.Output<string> }>>,
): ClusterPki["fingerprints"] {
  return Object.fromEntries(
    Object.entries(resources).map(([name, { certPem }]) => [
      `${kind} ${name}`,
      fingerprint(certPem),
    ]),
  );
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
