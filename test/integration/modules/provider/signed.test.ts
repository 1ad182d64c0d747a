// SPDX-License-Identifier: Apache-2.0
// Artefacts and their signatures through the real Pulumi CLI and the provider; the runtime's own program signs.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "@jest/globals";
import { createMessage, readKey, readSignature, verify } from "openpgp";
import { EngineStack } from "../../../helpers/engine-stack.ts";

const stack = new EngineStack("signed");
afterAll(() => stack.remove());

const MINUTE_MS = 60_000;

describe("artefacts and signatures", () => {
  it(
    "have digests in the preview already",
    async () => {
      const said = await stack.succeed("preview");
      expect(said).toMatch(/sha512 +: "[0-9a-f]{128}"/);
      expect(said).toMatch(/signature: \[unknown\]/);
    },
    MINUTE_MS,
  );

  it(
    "are made: the file has the digest, the signature is the key's",
    async () => {
      await stack.succeed("up");
      const { sha512, path = "", publicKey = "", signature = "" } = await stack.outputs();
      const binary = readFileSync(path);
      expect(createHash("sha512").update(binary).digest("hex")).toBe(sha512);
      const verified = await verify({
        message: await createMessage({ binary }),
        signature: await readSignature({ armoredSignature: signature }),
        verificationKeys: await readKey({ armoredKey: publicKey }),
        expectSigned: true,
      });
      expect(verified.signatures).toHaveLength(1);
      await stack.succeed("up", ["--expect-no-changes"]);
      expect(stack.stateText()).not.toContain("BEGIN PGP PRIVATE KEY");
    },
    MINUTE_MS,
  );

  it(
    "that there are not fail at preview, by name",
    async () => {
      const { exitCode, stdout } = await stack.run("preview", ["-c", "test-signed:artefact=rkt"]);
      expect(exitCode).not.toBe(0);
      expect(stdout).toContain("names[0]");
      expect(stdout).toContain('Found "rkt", expected one of');
    },
    MINUTE_MS,
  );

  it(
    "are gone from the state after destroy; the cache stays",
    async () => {
      const { path = "" } = await stack.outputs();
      await stack.succeed("destroy");
      expect(stack.resources()).toEqual([]);
      expect(readFileSync(path).length).toBeGreaterThan(0);
    },
    MINUTE_MS,
  );
});
