// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { recordingSystem } from "../../../../runtime/system/fake/recording-system.ts";
import { parseKey, spacedFingerprint, type TrustKey } from "../../../../runtime/trust/key.ts";
import { Keystore } from "../../../../runtime/trust/keystore.ts";
import { makeKey } from "../../../helpers/signing.ts";

const system = recordingSystem();
let dir: string;
let one: TrustKey;
let two: TrustKey;

beforeAll(async () => {
  one = await parseKey(Buffer.from((await makeKey()).publicArmored), "one");
  two = await parseKey(Buffer.from((await makeKey()).publicArmored), "two");
});

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-keystore-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const open = (...names: string[]) =>
  new Keystore(
    names.map((name) => join(dir, name)),
    system,
  );

async function fingerprints(keystore: Keystore, name: string): Promise<string[]> {
  return (await keystore.keysFor(name)).map(({ fingerprint }) => fingerprint);
}

describe("Keystore", () => {
  it("finds root keys and those of the name and of every path above it", async () => {
    const keystore = open("vendor", "local");
    expect(await keystore.add(one, "a.test/b")).toBe(
      join(dir, "local/trustedkeys/prefix.d/a.test/b", one.fingerprint),
    );
    await keystore.add(two, undefined);
    expect(await fingerprints(keystore, "a.test/b")).toEqual([two.fingerprint, one.fingerprint]);
    expect(await fingerprints(keystore, "a.test/b/c")).toEqual([two.fingerprint, one.fingerprint]);
    expect(await fingerprints(keystore, "a.test")).toEqual([two.fingerprint]);
    expect((await keystore.all()).map(({ prefix }) => prefix)).toEqual([undefined, "a.test/b"]);
  });

  it("IMG-11: takes a prefix as whole path parts", async () => {
    const keystore = open("local");
    await keystore.add(one, "a.test/b");
    expect(await fingerprints(keystore, "a.test/bc")).toEqual([]);
  });

  it("lets an empty local file take a vendor key away", async () => {
    await open("vendor").add(one, "a.test");
    expect(await fingerprints(open("vendor", "local"), "a.test/x")).toEqual([one.fingerprint]);
    const mask = join(dir, "local/trustedkeys/prefix.d/a.test", one.fingerprint);
    mkdirSync(dirname(mask), { recursive: true });
    writeFileSync(mask, "");
    expect(await fingerprints(open("vendor", "local"), "a.test/x")).toEqual([]);
  });

  it("refuses a key file with another key's name, and one that is no key", async () => {
    const path = await open("local").add(one, "a.test");
    const wrong = join(dirname(path), two.fingerprint);
    renameSync(path, wrong);
    await expect(open("local").keysFor("a.test")).rejects.toThrow(
      `Cannot use key "${wrong}": its fingerprint is ${one.fingerprint}, expected that of the file's name`,
    );
    writeFileSync(wrong, "no key");
    await expect(open("local").keysFor("a.test")).rejects.toThrow(
      `Cannot read key "${wrong}": it is no OpenPGP public key`,
    );
  });

  it.each(["../x", "a//b", "A.test", "", "/etc"])("refuses prefix %j", async (prefix) => {
    await expect(open("local").add(one, prefix)).rejects.toThrow("is no prefix of image names");
    expect(await fingerprints(open("local"), prefix)).toEqual([]);
  });
});

describe("parseKey()", () => {
  it("refuses a private key", async () => {
    const { privateArmored } = await makeKey();
    await expect(parseKey(Buffer.from(privateArmored), "k")).rejects.toThrow(/Cannot read key k: /);
  });

  it("reads binary keys", async () => {
    const key = await parseKey(Buffer.from(one.key.write()), "k");
    expect(key.fingerprint).toBe(one.fingerprint);
    expect(key.userIds).toEqual(["Test <test@example.test>"]);
  });
});

describe("spacedFingerprint()", () => {
  it("prints groups of four, upper case", () => {
    expect(spacedFingerprint("00112233aabb")).toBe("0011 2233 AABB");
  });
});
