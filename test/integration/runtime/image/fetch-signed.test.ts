// SPDX-License-Identifier: Apache-2.0
// `corefly fetch` of signed ACIs as a user sees it: what is accepted, and what is refused in which words and leaves the store as
// it was.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { AciUser, APP_ACI } from "../../../helpers/aci-user.ts";
import { makeKey, signBytes, type TestKey } from "../../../helpers/signing.ts";
import { writeTestAci } from "../../../helpers/tar.ts";

const HOUR_MS = 3_600_000;
let keys: Record<"trusted" | "expired" | "stranger", TestKey>;
let user: AciUser;
beforeAll(async () => {
  const date = new Date(Date.now() - 48 * HOUR_MS);
  keys = {
    trusted: await makeKey({ date }),
    expired: await makeKey({ date, lifetimeSeconds: 24 * 3600 }),
    stranger: await makeKey({ date }),
  };
});
beforeEach(async () => {
  user = await AciUser.make([keys.trusted, keys.expired]);
});
afterEach(() => user.remove());

describe("fetch of a signed ACI", () => {
  it("takes it from a URL, prints its id, and has it in the store", async () => {
    user.publish(APP_ACI, await signBytes(APP_ACI, keys.trusted));
    const fetched = await user.run("fetch", "--full", user.url);
    expect(fetched).toMatchObject({ status: 0, stderr: "" });
    const digest = execFileSync("sha512sum", { input: APP_ACI, encoding: "utf8" }).split(" ")[0];
    expect(fetched.stdout).toBe(`sha512-${digest}\n`);
    const listed = await user.run("image", "list", "--no-legend", "--fields=name,id", "--full");
    expect(listed.stdout).toBe(`example.test/app:1.0.0\tsha512-${digest?.slice(0, 64)}\n\n`);
    expect(user.server.seen.slice(-2).map(({ url }) => url)).toEqual(["/app.aci.asc", "/app.aci"]);
  });

  it("takes it compressed, with the same id and a signature of the compressed file", async () => {
    const zipped = execFileSync("gzip", ["-c"], { input: APP_ACI });
    writeFileSync(join(user.dir, "app.aci"), zipped);
    writeFileSync(join(user.dir, "app.aci.asc"), await signBytes(zipped, keys.trusted));
    const fetched = await user.run("fetch", "--full", join(user.dir, "app.aci"));
    const digest = execFileSync("sha512sum", { input: APP_ACI, encoding: "utf8" }).split(" ")[0];
    expect(fetched).toMatchObject({ status: 0, stdout: `sha512-${digest}\n` });
  });

  it("says nothing while it takes a large compressed one", async () => {
    const large = writeTestAci("example.test/app", [
      { path: "rootfs/data", content: randomBytes(6_000_000) },
    ]);
    const zipped = execFileSync("gzip", ["-1", "-c"], { input: large, maxBuffer: 2 ** 24 });
    writeFileSync(join(user.dir, "app.aci"), zipped);
    writeFileSync(join(user.dir, "app.aci.asc"), await signBytes(zipped, keys.trusted));
    expect(await user.run("fetch", join(user.dir, "app.aci"))).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  it("is run with a word about what it asks for and does not get", async () => {
    const app = { exec: ["/bin/app"], user: "0", group: "0" };
    const isolators = [{ name: "resource/memory", value: { limit: "1G" } }];
    const eventHandlers = [{ name: "pre-start", exec: ["/bin/app"] }];
    const image = join(user.dir, "app.aci");
    const asking = { app: { ...app, isolators, eventHandlers } };
    writeFileSync(image, writeTestAci("example.test/asks", [], asking));
    const dryRun = ["--insecure-options=image", "run", "--dry-run", "--net=none"];
    const { status, stdout, stderr } = await user.run(...dryRun, image);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { app: { name: "asks" } }]);
    expect(stderr).toBe(
      `image: fetching "${image}" (1 MB)\nrun: Image "example.test/asks" asks for isolator "resource/memory", event handler "pre-start": not done, see the flags of run\n`,
    );
  });

  it("refuses it without a signature, before the image is asked for", async () => {
    user.files["/app.aci"] = APP_ACI;
    await user.expectRefused(
      [user.url],
      `fetch: Cannot verify image "${user.url}": no signature at "${user.url}.asc" (HTTP status 404)`,
    );
    expect(user.server.seen.map(({ url }) => url)).toEqual(["/app.aci.asc"]);
    writeFileSync(join(user.dir, "app.aci"), APP_ACI);
    const app = join(user.dir, "app.aci");
    const refusal = `fetch: Cannot verify image "${app}": no signature at "${app}.asc"\n`;
    await user.expectRefused([app], refusal);
  });

  it("refuses a signature of another key", async () => {
    user.publish(APP_ACI, await signBytes(APP_ACI, keys.stranger));
    await user.expectRefused(
      [user.url],
      'Cannot verify image "example.test/app": signature made by unknown key',
    );
  });

  it("refuses a signature of other bytes", async () => {
    user.publish(APP_ACI, await signBytes(Buffer.from("something else"), keys.trusted));
    await user.expectRefused(
      [user.url],
      `the signature of key ${keys.trusted.fingerprint} does not match: the image or its signature was changed`,
    );
  });

  it("refuses an expired key and an expired signature", async () => {
    const then = new Date(Date.now() - 30 * HOUR_MS);
    user.publish(APP_ACI, await signBytes(APP_ACI, keys.expired, { date: then }));
    await user.expectRefused([user.url], `key ${keys.expired.fingerprint} expired on 20`);
    const lapsed = await signBytes(APP_ACI, keys.trusted, { date: then, lifetimeSeconds: 3600 });
    user.publish(APP_ACI, lapsed);
    await user.expectRefused([user.url], "its signature expired on 20");
  });

  it("IMG-11: refuses a key of example.test/app for example.test/appx", async () => {
    const other = writeTestAci("example.test/appx", []);
    user.publish(other, await signBytes(other, keys.trusted));
    await user.expectRefused(
      [user.url],
      `Cannot verify image "example.test/appx": key ${keys.trusted.fingerprint} is trusted for "example.test/app" only`,
    );
  });

  it.each([
    ["in a file's content", 50_000],
    ["in a tar header", 1030],
    ["in the manifest", 520],
    ["in the padding", 1020],
    ["in the last block", APP_ACI.length - 1],
  ])("refuses one flipped byte %s", async (_name, offset) => {
    user.publish(flipped(APP_ACI, offset), await signBytes(APP_ACI, keys.trusted));
    await user.expectRefused([user.url], "does not match");
  });

  it("refuses one flipped byte of a compressed image", async () => {
    const zipped = execFileSync("gzip", ["-c"], { input: APP_ACI });
    const signature = await signBytes(zipped, keys.trusted);
    user.publish(flipped(zipped, 300), signature);
    await user.expectRefused([user.url], "does not match");
  });

  it("keeps what is in the store when a later fetch of it is refused", async () => {
    user.publish(APP_ACI, await signBytes(APP_ACI, keys.trusted));
    expect((await user.run("fetch", user.url)).status).toBe(0);
    user.files["/app.aci"] = flipped(APP_ACI, 50_000);
    await user.expectRefused([user.url], "does not match");
    expect((await user.run("fetch", "--pull-policy=never", "example.test/app:1.0.0")).status).toBe(
      0,
    );
  });

  it("takes a signature from elsewhere with --signature", async () => {
    writeFileSync(join(user.dir, "app.aci"), APP_ACI);
    writeFileSync(join(user.dir, "s"), await signBytes(APP_ACI, keys.trusted));
    const fetched = await user.run(
      "fetch",
      `--signature=${join(user.dir, "s")}`,
      join(user.dir, "app.aci"),
    );
    expect(fetched).toMatchObject({ status: 0, stderr: "" });
  });
});

function flipped(bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[offset] = (changed[offset] ?? 0) ^ 1;
  return changed;
}
