// SPDX-License-Identifier: Apache-2.0
// Certificates and keys through the real Pulumi CLI, our language host and the provider.
import { X509Certificate } from "node:crypto";
import { afterAll, describe, expect, it } from "@jest/globals";
import { EngineStack } from "../../../helpers/engine-stack.ts";

const stack = new EngineStack("pki");
afterAll(() => stack.remove());

const MINUTE_MS = 60_000;

/** The base64 of a PEM or armored text: how it would look in plain inside of JSON. */
function bodyLine(text: string | undefined): string {
  const line = (text ?? "").split("\n").find((each) => /^[A-Za-z0-9+/]{40,}/.test(each));
  if (line === undefined) throw new Error("found no key, expected one");
  return line;
}

describe("certificates and keys", () => {
  it(
    "are planned without being made",
    async () => {
      const said = await stack.succeed("preview");
      expect(said).toContain("+ 5 to create");
      expect(said).toMatch(/leafPem +: \[unknown\]/);
      expect(said).toMatch(/leafKey +: \[secret\]/);
      expect(stack.resources()).toEqual([]);
    },
    MINUTE_MS,
  );

  it(
    "are made once, with a chain that verifies",
    async () => {
      await stack.succeed("up");
      const { authorityPem = "", leafPem = "" } = await stack.outputs();
      const leaf = new X509Certificate(leafPem);
      expect(leaf.verify(new X509Certificate(authorityPem).publicKey)).toBe(true);
      const again = await stack.succeed("up", ["--expect-no-changes"]);
      expect(again).toContain("5 unchanged");
    },
    MINUTE_MS,
  );

  it("are nowhere in plain in the state", async () => {
    const { leafKey, tokensKey, imagesKey, leafPem } = await stack.outputs();
    const state = stack.stateText();
    // That a public text is found shows that the search works.
    expect(state).toContain(bodyLine(leafPem));
    for (const secret of [leafKey, tokensKey, imagesKey]) {
      expect(state).not.toContain(bodyLine(secret));
    }
    expect(state).not.toContain("BEGIN PRIVATE KEY");
    expect(state).not.toContain("BEGIN PGP PRIVATE KEY");
  });

  it(
    "do not change at 10 % of the leaf's life",
    async () => {
      const env = { COREFLY_TEST_CLOCK_HOURS: "10" };
      const said = await stack.succeed("up", ["--expect-no-changes"], env);
      expect(said).not.toContain("warning");
    },
    MINUTE_MS,
  );

  it.each([
    ["99 % of its life", "99", "ends"],
    ["an hour after its end", "201", "ended"],
  ])(
    "renew the leaf at %s, the authority stays (CLU-09)",
    async (_, hours, word) => {
      const env = { COREFLY_TEST_CLOCK_HOURS: hours };
      const before = await stack.outputs();
      const preview = await stack.succeed("preview", [], env);
      expect(preview).toContain(
        `Certificate "leaf" ${word} at ${before["leafEnd"]}: it is renewed`,
      );
      expect(preview).toContain("~ 1 to update");
      expect(preview).not.toContain("replace");
      await stack.succeed("up", [], env);
      const after = await stack.outputs();
      expect(after["authorityFingerprint"]).toBe(before["authorityFingerprint"]);
      const end = Date.parse(after["leafEnd"] ?? "");
      expect(end).toBeGreaterThan(Date.now() + Number(hours) * 3_600_000);
      const leaf = new X509Certificate(after["leafPem"] ?? "");
      const authority = new X509Certificate(after["authorityPem"] ?? "");
      expect(leaf.verify(authority.publicKey)).toBe(true);
      await stack.succeed("up", ["--expect-no-changes"], env);
    },
    MINUTE_MS,
  );

  it(
    "refuse a wrong argument at preview, in one line that names it",
    async () => {
      const { exitCode, stdout, stderr } = await stack.run("preview", ["-c", "test-pki:address=x"]);
      expect(exitCode).not.toBe(0);
      expect(stdout + stderr).toContain('Found "x", expected an IPv4 or IPv6 address');
      expect(stdout + stderr).toContain("ipAddresses[0]");
      expect(stdout + stderr).not.toMatch(/^ +at /m);
    },
    MINUTE_MS,
  );

  it(
    "are gone after destroy",
    async () => {
      await stack.succeed("destroy");
      expect(stack.resources()).toEqual([]);
    },
    MINUTE_MS,
  );
});
