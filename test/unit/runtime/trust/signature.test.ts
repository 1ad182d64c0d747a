// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { recordingSystem } from "../../../../runtime/system/fake/recording-system.ts";
import { parseKey } from "../../../../runtime/trust/key.ts";
import { Keystore } from "../../../../runtime/trust/keystore.ts";
import { parseDetachedSignature } from "../../../../runtime/trust/signature.ts";
import { makeKey, signBytes, type TestKey } from "../../../helpers/signing.ts";

const system = recordingSystem();
const image = Buffer.from("the bytes of an image");
const now = new Date("2026-06-15T12:00:00Z");
const hours = (count: number) => new Date(now.getTime() + count * 3_600_000);
let dir: string;
let keystore: Keystore;
let trusted: TestKey;
let rsa: TestKey;
let expired: TestKey;
let stranger: TestKey;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "corefly-signature-"));
  keystore = new Keystore([join(dir, "vendor"), join(dir, "local")], system);
  trusted = await makeKey({ date: hours(-48) });
  rsa = await makeKey({ date: hours(-48), rsa: true });
  expired = await makeKey({ date: hours(-48), lifetimeSeconds: 24 * 3600 });
  stranger = await makeKey({ date: hours(-48) });
  for (const key of [trusted, expired, rsa]) {
    await keystore.add(await parseKey(Buffer.from(key.publicArmored), "test"), "example.test/app");
  }
});

afterAll(() => {
  rmSync(dir, { recursive: true });
});

async function verify(
  armored: string,
  name = "example.test/app",
  bytes: Buffer = image,
): Promise<string> {
  const signature = await parseDetachedSignature(Buffer.from(armored), "test");
  return signature.verify(signature.newHash().update(bytes), name, keystore, now);
}

describe("parseDetachedSignature()", () => {
  it("accepts a signature of a trusted key and answers the key's fingerprint", async () => {
    for (const key of [trusted, rsa]) {
      const armored = await signBytes(image, key, { date: hours(-1) });
      expect(await verify(armored)).toBe(key.fingerprint);
      expect(await verify(armored, "example.test/app/sub")).toBe(key.fingerprint);
    }
  });

  it("refuses one flipped byte of the image", async () => {
    const changed = Buffer.from(image);
    changed[3] = (changed[3] ?? 0) ^ 1;
    for (const key of [trusted, rsa]) {
      const armored = await signBytes(image, key, { date: hours(-1) });
      await expect(verify(armored, "example.test/app", changed)).rejects.toThrow(
        `Cannot verify image "example.test/app": the signature of key ${key.fingerprint} does not match: the image or its signature was changed`,
      );
    }
  });

  it("refuses a key that nobody trusts, also when it states a trusted issuer", async () => {
    const armored = await signBytes(image, stranger, { date: hours(-1) });
    await expect(verify(armored)).rejects.toThrow(
      `signature made by unknown key ${stranger.fingerprint.slice(-16)}`,
    );
    await expect(verify(armored, "other.test/app")).rejects.toThrow(
      "no trusted key for this name, signed by key",
    );
  });

  it("IMG-11: does not use a key of example.test/app for example.test/appx", async () => {
    const armored = await signBytes(image, trusted, { date: hours(-1) });
    await expect(verify(armored, "example.test/appx")).rejects.toThrow(
      `key ${trusted.fingerprint} is trusted for "example.test/app" only`,
    );
  });

  it("refuses a key that has expired since it signed, with the date", async () => {
    const armored = await signBytes(image, expired, { date: hours(-30) });
    await expect(verify(armored)).rejects.toThrow(
      `key ${expired.fingerprint} expired on 2026-06-14T12:00:00.000Z`,
    );
  });

  it("refuses a signature that has expired, and one of the future", async () => {
    const old = await signBytes(image, trusted, { date: hours(-10), lifetimeSeconds: 3600 });
    await expect(verify(old)).rejects.toThrow("its signature expired on 2026-06-15T03:00:00.000Z");
    const future = await signBytes(image, trusted, { date: hours(2) });
    await expect(verify(future)).rejects.toThrow("in the future, is the clock right?");
    const skewed = await signBytes(image, trusted, { date: new Date(now.getTime() + 60_000) });
    expect(await verify(skewed)).toBe(trusted.fingerprint);
  });

  it("tells an intact image from a forged one, whoever may sign it", async () => {
    const signature = await parseDetachedSignature(
      Buffer.from(await signBytes(image, trusted, { date: hours(-1) })),
      "test",
    );
    const hash = (bytes: Buffer) => signature.newHash().update(bytes);
    expect(await signature.isIntact(hash(image), keystore)).toBe(true);
    expect(await signature.isIntact(hash(Buffer.from("x")), keystore)).toBe(false);
    const other = await parseDetachedSignature(
      Buffer.from(await signBytes(image, stranger, { date: hours(-1) })),
      "test",
    );
    expect(await other.isIntact(other.newHash(), keystore)).toBe(undefined);
  });

  it.each([
    ["nothing", ""],
    ["HTML", "<html>404</html>"],
    ["a key", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"],
  ])("refuses %s in place of a signature", async (_name, text) => {
    await expect(parseDetachedSignature(Buffer.from(text), '"x.asc"')).rejects.toThrow(
      'Cannot read signature "x.asc": it is no OpenPGP signature',
    );
  });
});
