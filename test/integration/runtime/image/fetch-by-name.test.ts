// SPDX-License-Identifier: Apache-2.0
// `corefly fetch` of ACIs that are named and not located: discovery of images and keys, and what images depend on.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { AciUser, APP_ACI } from "../../../helpers/aci-user.ts";
import { makeKey, signBytes, type TestKey } from "../../../helpers/signing.ts";
import { writeTestAci } from "../../../helpers/tar.ts";

let key: TestKey;
let user: AciUser;
beforeAll(async () => {
  key = await makeKey();
});
beforeEach(async () => {
  user = await AciUser.make([key]);
});
afterEach(() => user.remove());

/** Names of example.test come from the user's server. */
function configureMirror(more: object = {}): void {
  const mirror = { prefix: "example.test", location: `${user.server.url}/site`, ...more };
  user.configure("registries.d/mirror.json", { rktKind: "registries", mirrors: [mirror] });
}

/** Images below example.test/app, by the rest of their names. */
async function publishNamed(images: Readonly<Record<string, Buffer>>): Promise<void> {
  for (const [name, bytes] of Object.entries(images)) {
    user.publish(bytes, await signBytes(bytes, key), `/example.test/app/${name}.aci`);
  }
  configureMirror({ aci: `${user.server.url}/{name}.{ext}` });
}

describe("fetch of an ACI with dependencies", () => {
  it("fetches what it depends on by name, and lays its tree over theirs, later ones above", async () => {
    const named = (name: string, content: string, dependencies: readonly string[]) =>
      writeTestAci(
        `example.test/app/${name}`,
        [
          { path: "rootfs/who", content },
          { path: `rootfs/${name}`, content },
        ],
        { dependencies: dependencies.map((each) => ({ imageName: `example.test/app/${each}` })) },
      );
    await publishNamed({
      a: named("a", "a", ["b", "c"]),
      b: named("b", "b", []),
      c: named("c", "c", ["d"]),
      d: named("d", "d", []),
    });
    expect(await user.run("fetch", "example.test/app/a")).toMatchObject({ status: 0, stderr: "" });
    const store = await user.store();
    const { id } = await store.get("example.test/app/a");
    const trees = await store.rootfs(id);
    expect(trees.map((tree) => readFileSync(join(tree, "who"), "utf8"))).toEqual([
      "a",
      "c",
      "d",
      "b",
    ]);
    // None of them is collected while the first one is kept.
    expect(await store.gc({ keep: new Set([id]), unusedForMs: 0 })).toEqual([]);
    expect(await store.gc({ keep: new Set(), unusedForMs: 0 })).toEqual([id]);
  });

  it("does not take an unverified image of the store for one that a verified image depends on", async () => {
    const base = writeTestAci("example.test/app/base", [{ path: "rootfs/who", content: "base" }]);
    const forged = writeTestAci("example.test/app/base", [{ path: "rootfs/who", content: "me" }]);
    const top = writeTestAci("example.test/app/top", [], {
      dependencies: [{ imageName: "example.test/app/base" }],
    });
    await publishNamed({ base, top });
    writeFileSync(join(user.dir, "forged.aci"), forged);
    const planted = await user.run(
      "--insecure-options=image",
      "fetch",
      join(user.dir, "forged.aci"),
    );
    expect(planted).toMatchObject({ status: 0 });
    const fetched = await user.run("fetch", "--pull-policy=new", "example.test/app/top");
    expect(fetched).toMatchObject({ status: 0, stderr: "" });
    const store = await user.store();
    const trees = await store.rootfs((await store.get("example.test/app/top")).id);
    expect(readFileSync(join(trees[1] ?? "", "who"), "utf8")).toBe("base");
  });
});

describe("discovery", () => {
  it("IMG-11: finds example.test/app and below, not example.test/appx", async () => {
    const page = `<html><head><meta name="ac-discovery" content="example.test/app ${user.server.url}/{name}-{version}-{os}-{arch}.{ext}"></head>`;
    Object.assign(user.files, { "/site/": page, "/site/app": page, "/site/appx": page });
    const path = "/example.test/app-1.0.0-linux-amd64.aci";
    user.publish(APP_ACI, await signBytes(APP_ACI, key), path);
    configureMirror();
    const found = await user.run("fetch", "example.test/app:1.0.0,os=linux,arch=amd64");
    expect(found).toMatchObject({ status: 0, stderr: "" });
    await user.expectRefused(
      ["example.test/appx:1.0.0"],
      'Cannot discover image "example.test/appx": no meta tag "ac-discovery" for it',
    );
    // Below the name the template is used too: it asks for the file of the deeper name.
    await user.expectRefused(
      ["example.test/app/x:1.0.0"],
      "example.test/app/x-1.0.0-linux-amd64.aci.asc",
    );
    await user.expectRefused(
      ["example.test/app:1.0.0,flavour=hot"],
      'requested label "flavour" not provided by the image manifest',
    );
  });

  it("trusts a key that the page of the name states, after the fingerprint was shown", async () => {
    rmSync(join(user.dir, "etc"), { recursive: true });
    Object.assign(user.files, {
      "/site/app": `<meta name='ac-discovery-pubkeys' content='example.test/app ${user.server.url}/key.asc'>`,
      "/key.asc": key.publicArmored,
    });
    configureMirror();
    const refused = await user.run(
      "trust",
      "--prefix=example.test/app",
      "--skip-fingerprint-review",
    );
    expect(refused.status).toBe(254);
    expect(refused.stderr).toContain("a key over http needs --insecure-allow-http");
    const asked = await user.run("trust", "--prefix=example.test/app", "--insecure-allow-http");
    expect(asked.status).toBe(254); // the end of the input is a no
    expect(asked.stdout).toContain("Are you sure you want to trust this key (yes/no)?");
    const trusted = await user.run(
      "trust",
      "--prefix=example.test/app",
      "--insecure-allow-http",
      "--skip-fingerprint-review",
    );
    expect(trusted.stdout).toContain(
      `Added key for prefix "example.test/app" at "${join(user.dir, "etc/trustedkeys/prefix.d/example.test/app", key.fingerprint)}"\n`,
    );
  });
});
