// SPDX-License-Identifier: Apache-2.0
// Makes X.509 certificates: authorities that sign themselves, and leaves that an authority signs.

// Before x509: its dependency injection wants Reflect's metadata.
import "reflect-metadata";
import { randomBytes, webcrypto } from "node:crypto";
import { isIPv4 } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { generateKeys, importPrivateKey, SIGNING_ALGORITHM, toPem } from "./key.ts";

export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface CertificateAndKey {
  readonly certPem: string;
  readonly privateKeyPem: string;
}

export interface AuthoritySubject {
  readonly commonName: string;
  readonly organization?: string | undefined;
}

export type Usage = "server" | "client";

export interface LeafSubject {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly usages: readonly Usage[];
}

const EXTENDED_KEY_USAGES: Readonly<Record<Usage, string>> = {
  server: ExtendedKeyUsage.serverAuth,
  client: ExtendedKeyUsage.clientAuth,
};

/** A new authority with a new key. */
export async function issueAuthority(
  subject: AuthoritySubject,
  validity: Validity,
): Promise<CertificateAndKey> {
  const { keys, privateKeyPem } = await generateKeys();
  const organizations = subject.organization === undefined ? [] : [subject.organization];
  const certificate = await X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: serialNumber(),
      name: distinguishedName(organizations, subject.commonName),
      ...validity,
      signingAlgorithm: SIGNING_ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(
          KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign,
          true,
        ),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { certPem: toPem("CERTIFICATE", certificate.rawData), privateKeyPem };
}

/** A new leaf with a new key, signed by the authority. */
export async function issueLeaf(
  subject: LeafSubject,
  validity: Validity,
  authority: CertificateAndKey,
): Promise<CertificateAndKey> {
  const issuer = new X509Certificate(authority.certPem);
  const { keys, privateKeyPem } = await generateKeys();
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: serialNumber(),
      subject: distinguishedName(subject.organizations, subject.commonName),
      issuer: issuer.subjectName,
      ...validity,
      signingAlgorithm: SIGNING_ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: await importPrivateKey(authority.privateKeyPem),
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension(subject.usages.map((usage) => EXTENDED_KEY_USAGES[usage])),
        await SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
        await AuthorityKeyIdentifierExtension.create(issuer, false, webcrypto),
        ...alternativeNames(subject),
      ],
    },
    webcrypto,
  );
  return { certPem: toPem("CERTIFICATE", certificate.rawData), privateKeyPem };
}

function alternativeNames(subject: LeafSubject): SubjectAlternativeNameExtension[] {
  const names: JsonGeneralName[] = [
    ...subject.dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...subject.ipAddresses.map((value) => ({ type: "ip" as const, value: fullAddress(value) })),
  ];
  return names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)];
}

// The library reads neither `::ffff:10.0.0.1` nor every place of `::` right: it gets all eight groups.
function fullAddress(address: string): string {
  if (isIPv4(address)) return address;
  // URL's parser is the platform's own reader of every way to write an IPv6 address.
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string) => text.split(":").filter((group) => group !== "");
  const after = groups(tail ?? "");
  const zeros = 8 - groups(head).length - after.length;
  return [...groups(head), ...Array.from({ length: zeros }, () => "0"), ...after].join(":");
}

function distinguishedName(organizations: readonly string[], commonName: string): JsonName {
  return [...organizations.map((value) => ({ O: [value] })), { CN: [commonName] }];
}

// RFC 5280 §4.1.2.2: positive, at most 20 octets, and never the same twice.
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}
