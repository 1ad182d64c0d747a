// SPDX-License-Identifier: Apache-2.0
// OpenPGP keys and signatures for tests, of any date and lifetime.
import {
  config,
  enums,
  generateKey,
  PacketList,
  type PrivateKey,
  Signature,
  SignaturePacket,
} from "openpgp";

export interface TestKey {
  readonly privateKey: PrivateKey;
  readonly privateArmored: string;
  readonly publicArmored: string;
  readonly fingerprint: string;
}

export async function makeKey(
  options: { readonly date?: Date; readonly lifetimeSeconds?: number; readonly rsa?: boolean } = {},
): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKey({
    ...(options.rsa === true
      ? { type: "rsa", rsaBits: 2048 }
      : { type: "ecc", curve: "ed25519Legacy" }),
    userIDs: [{ name: "Test", email: "test@example.test" }],
    format: "object",
    ...(options.date === undefined ? {} : { date: options.date }),
    ...(options.lifetimeSeconds === undefined
      ? {}
      : { keyExpirationTime: options.lifetimeSeconds }),
  });
  return {
    privateKey,
    privateArmored: privateKey.armor(),
    publicArmored: publicKey.armor(),
    fingerprint: publicKey.getFingerprint(),
  };
}

/** Detached and armored; with `lifetimeSeconds` one that expires, which openpgp.js has no option for. */
export async function signBytes(
  bytes: Buffer,
  key: TestKey,
  options: { readonly date?: Date; readonly lifetimeSeconds?: number } = {},
): Promise<string> {
  const packet = new SignaturePacket();
  const { keyPacket } = key.privateKey;
  packet.signatureType = enums.signature.binary;
  packet.publicKeyAlgorithm = keyPacket.algorithm;
  packet.hashAlgorithm = enums.hash.sha512;
  if (options.lifetimeSeconds !== undefined) {
    packet.signatureExpirationTime = options.lifetimeSeconds;
    packet.signatureNeverExpires = false;
  }
  const data = { text: null, getBytes: () => new Uint8Array(bytes) };
  // The declarations leave the last argument out.
  await Reflect.apply(packet.sign, packet, [
    keyPacket,
    data,
    options.date ?? new Date(),
    true,
    config,
  ]);
  const packets = new PacketList<SignaturePacket>();
  packets.push(packet);
  return new Signature(packets).armor();
}
