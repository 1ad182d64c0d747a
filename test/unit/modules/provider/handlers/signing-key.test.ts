// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { createMessage, readKey, readPrivateKey, readSignature, sign, verify } from "openpgp";
import { signingKey } from "../../../../../modules/provider/handlers/signing-key.ts";
import { textOf } from "../../../../../modules/provider/read-values.ts";
import { checkBySchema } from "../../../../../modules/provider/schema-check.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";

const userId = "corefly cluster demo <images@corefly.dev>";

describe("signingKey", () => {
  it("makes a version 4 key whose public half verifies what the private half signs", async () => {
    const { id, outputs } = await signingKey.create({ userId }, resourceContext());
    const publicKey = await readKey({ armoredKey: textOf(outputs, "publicKey") });
    expect(id).toMatch(/^[0-9a-f]{40}$/);
    expect(outputs["fingerprint"]).toBe(id);
    expect(publicKey.getFingerprint()).toBe(id);
    expect(publicKey.getUserIDs()).toEqual([userId]);
    expect(publicKey.isPrivate()).toBe(false);

    const message = await createMessage({ text: "image" });
    const date = new Date("2026-11-25T01:00:00Z");
    const armoredSignature = await sign({
      message,
      signingKeys: await readPrivateKey({ armoredKey: textOf(outputs, "privateKey") }),
      detached: true,
      date,
    });
    const verified = await verify({
      message,
      signature: await readSignature({ armoredSignature }),
      verificationKeys: publicKey,
      date,
    });
    await expect(verified.signatures[0]?.verified).resolves.toBe(true);
  });

  it("ends when asked to", async () => {
    const { outputs } = await signingKey.create({ userId, validityHours: 24 }, resourceContext());
    const key = await readKey({ armoredKey: textOf(outputs, "publicKey") });
    expect(await key.getExpirationTime()).toEqual(new Date("2026-11-26T00:00:00Z"));
  });

  it.each(["nobody", "a <b>", "<a@b>", "a\nb <c@d>", "a <b@c> <d@e>"])(
    "refuses the user id %j",
    (wrong) => {
      expect(checkBySchema({ userId: wrong }, signingKey.schema.inputs).failures).toHaveLength(1);
    },
  );
});
