// SPDX-License-Identifier: Apache-2.0
// `corefly fetch` of ACIs as a user sees it: what is accepted, what is refused in which words, and that nothing stays of what
// was refused or interrupted.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { ImageStore } from "../../../../runtime/store/image-store.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { parseKey } from "../../../../runtime/trust/key.ts";
import { Keystore } from "../../../../runtime/trust/keystore.ts";
import { coreflyArgv, coreflyAsync } from "../../../helpers/corefly.ts";
import { serve, serveFiles, type TestServer } from "../../../helpers/http-server.ts";
import { makeKey, signBytes, type TestKey } from "../../../helpers/signing.ts";
import { writeTestAci } from "../../../helpers/tar.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const HOUR_MS = 3_600_000;
const aci = writeTestAci("example.test/app", [
  { path: "rootfs/bin/app", content: "#!/bin/sh\n".padEnd(100_000, "#"), mode: 0o755 },
]);
let keys: Record<"trusted" | "expired" | "stranger", TestKey>;
let dir: string;
let files: Record<string, string | Buffer>;
let server: TestServer;
/** Of one test; closed also when it fails. */
const started: TestServer[] = [];

async function start(...args: Parameters<typeof serve>): Promise<TestServer> {
  const own = await serve(...args);
  started.push(own);
  return own;
}

beforeAll(async () => {
  const date = new Date(Date.now() - 48 * HOUR_MS);
  keys = {
    trusted: await makeKey({ date }),
    expired: await makeKey({ date, lifetimeSeconds: 24 * 3600 }),
    stranger: await makeKey({ date }),
  };
  server = await serveFiles(() => files);
});

afterAll(() => server.close());

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "corefly-fetch-"));
  const system = linuxSystem();
  await ImageStore.open(join(dir, "data"), system);
  const keystore = new Keystore([join(dir, "etc")], system);
  for (const { publicArmored } of [keys.trusted, keys.expired]) {
    await keystore.add(await parseKey(Buffer.from(publicArmored), "test"), "example.test/app");
  }
  files = {};
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((own) => own.close()));
  rmSync(dir, { recursive: true });
});

const run = (...args: string[]) =>
  coreflyAsync([
    `--dir=${join(dir, "data")}`,
    `--local-config=${join(dir, "etc")}`,
    `--system-config=${join(dir, "usr")}`,
    ...args,
  ]);

/** Every file of the store with its content: equal before and after what must change nothing. */
function storeContent(): Record<string, string> {
  const data = join(dir, "data");
  return Object.fromEntries(
    readdirSync(data, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.name.endsWith(".lock"))
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        return [path, entry.isFile() ? readFileSync(path, "latin1") : ""];
      }),
  );
}

async function expectRefused(args: readonly string[], message: string): Promise<void> {
  const before = storeContent();
  const { status, stdout, stderr } = await run("fetch", ...args);
  expect({ status, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({
    status: 254,
    stdout: "",
    lines: 1,
  });
  expect(stderr).toContain(message);
  expect(storeContent()).toEqual(before);
}

function flipped(bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[offset] = (changed[offset] ?? 0) ^ 1;
  return changed;
}

describe("fetch of a signed ACI", () => {
  it("takes it from a URL, prints its id, and has it in the store", async () => {
    files = { "/app.aci": aci, "/app.aci.asc": await signBytes(aci, keys.trusted) };
    const fetched = await run("fetch", "--full", `${server.url}/app.aci`);
    expect(fetched).toMatchObject({ status: 0, stderr: "" });
    const digest = execFileSync("sha512sum", { input: aci, encoding: "utf8" }).split(" ")[0];
    expect(fetched.stdout).toBe(`sha512-${digest}\n`);
    const listed = await run("image", "list", "--no-legend", "--fields=name,id", "--full");
    expect(listed.stdout).toBe(`example.test/app:1.0.0\tsha512-${digest?.slice(0, 64)}\n\n`);
    expect(server.seen.slice(-2).map(({ url }) => url)).toEqual(["/app.aci.asc", "/app.aci"]);
  });

  it("takes it compressed, with the same id and a signature of the compressed file", async () => {
    const zipped = execFileSync("gzip", ["-c"], { input: aci });
    writeFileSync(join(dir, "app.aci"), zipped);
    writeFileSync(join(dir, "app.aci.asc"), await signBytes(zipped, keys.trusted));
    const fetched = await run("fetch", "--full", join(dir, "app.aci"));
    const digest = execFileSync("sha512sum", { input: aci, encoding: "utf8" }).split(" ")[0];
    expect(fetched).toMatchObject({ status: 0, stdout: `sha512-${digest}\n` });
  });

  it("says nothing while it takes a large compressed one", async () => {
    const large = writeTestAci("example.test/app", [
      { path: "rootfs/data", content: randomBytes(6_000_000) },
    ]);
    const zipped = execFileSync("gzip", ["-1", "-c"], { input: large, maxBuffer: 2 ** 24 });
    writeFileSync(join(dir, "app.aci"), zipped);
    writeFileSync(join(dir, "app.aci.asc"), await signBytes(zipped, keys.trusted));
    expect(await run("fetch", join(dir, "app.aci"))).toMatchObject({ status: 0, stderr: "" });
  });

  it("is run with a word about what it asks for and does not get", async () => {
    const app = { exec: ["/bin/app"], user: "0", group: "0" };
    const isolators = [{ name: "resource/memory", value: { limit: "1G" } }];
    const eventHandlers = [{ name: "pre-start", exec: ["/bin/app"] }];
    const image = join(dir, "app.aci");
    const asking = { app: { ...app, isolators, eventHandlers } };
    writeFileSync(image, writeTestAci("example.test/asks", [], asking));
    const dryRun = ["--insecure-options=image", "run", "--dry-run", "--net=none"];
    const { status, stdout, stderr } = await run(...dryRun, image);
    expect([status, JSON.parse(stdout)]).toMatchObject([0, { app: { name: "asks" } }]);
    expect(stderr).toBe(
      `image: fetching "${image}" (1 MB)\nrun: Image "example.test/asks" asks for isolator "resource/memory", event handler "pre-start": not done, see the flags of run\n`,
    );
  });

  it("refuses it without a signature, before the image is asked for", async () => {
    files = { "/app.aci": aci };
    const before = server.seen.length;
    await expectRefused(
      [`${server.url}/app.aci`],
      `fetch: Cannot verify image "${server.url}/app.aci": no signature at "${server.url}/app.aci.asc" (HTTP status 404)`,
    );
    expect(server.seen.slice(before).map(({ url }) => url)).toEqual(["/app.aci.asc"]);
    writeFileSync(join(dir, "app.aci"), aci);
    const app = join(dir, "app.aci");
    const refusal = `fetch: Cannot verify image "${app}": no signature at "${app}.asc"\n`;
    await expectRefused([app], refusal);
  });

  it("refuses a signature of another key", async () => {
    files = { "/app.aci": aci, "/app.aci.asc": await signBytes(aci, keys.stranger) };
    await expectRefused(
      [`${server.url}/app.aci`],
      'Cannot verify image "example.test/app": signature made by unknown key',
    );
  });

  it("refuses a signature of other bytes", async () => {
    files = {
      "/app.aci": aci,
      "/app.aci.asc": await signBytes(Buffer.from("something else"), keys.trusted),
    };
    await expectRefused(
      [`${server.url}/app.aci`],
      `the signature of key ${keys.trusted.fingerprint} does not match: the image or its signature was changed`,
    );
  });

  it("refuses an expired key and an expired signature", async () => {
    const then = new Date(Date.now() - 30 * HOUR_MS);
    files = { "/app.aci": aci, "/app.aci.asc": await signBytes(aci, keys.expired, { date: then }) };
    await expectRefused([`${server.url}/app.aci`], `key ${keys.expired.fingerprint} expired on 20`);
    const lapsed = await signBytes(aci, keys.trusted, { date: then, lifetimeSeconds: 3600 });
    files = { "/app.aci": aci, "/app.aci.asc": lapsed };
    await expectRefused([`${server.url}/app.aci`], "its signature expired on 20");
  });

  it("IMG-11: refuses a key of example.test/app for example.test/appx", async () => {
    const other = writeTestAci("example.test/appx", []);
    files = { "/app.aci": other, "/app.aci.asc": await signBytes(other, keys.trusted) };
    await expectRefused(
      [`${server.url}/app.aci`],
      `Cannot verify image "example.test/appx": key ${keys.trusted.fingerprint} is trusted for "example.test/app" only`,
    );
  });

  it.each([
    ["in a file's content", 50_000],
    ["in a tar header", 1030],
    ["in the manifest", 520],
    ["in the padding", 1020],
    ["in the last block", aci.length - 1],
  ])("refuses one flipped byte %s", async (_name, offset) => {
    files = {
      "/app.aci": flipped(aci, offset),
      "/app.aci.asc": await signBytes(aci, keys.trusted),
    };
    await expectRefused([`${server.url}/app.aci`], "does not match");
  });

  it("refuses one flipped byte of a compressed image", async () => {
    const zipped = execFileSync("gzip", ["-c"], { input: aci });
    const signature = await signBytes(zipped, keys.trusted);
    files = { "/app.aci": flipped(zipped, 300), "/app.aci.asc": signature };
    await expectRefused([`${server.url}/app.aci`], "does not match");
  });

  it("keeps what is in the store when a later fetch of it is refused", async () => {
    files = { "/app.aci": aci, "/app.aci.asc": await signBytes(aci, keys.trusted) };
    expect((await run("fetch", `${server.url}/app.aci`)).status).toBe(0);
    files = { ...files, "/app.aci": flipped(aci, 50_000) };
    await expectRefused([`${server.url}/app.aci`], "does not match");
    expect((await run("fetch", "--pull-policy=never", "example.test/app:1.0.0")).status).toBe(0);
  });

  it("says which part of an answer was cut", async () => {
    const signature = await signBytes(aci, keys.trusted);
    const cutting = await start(({ url }, response) => {
      if (url.endsWith(".asc")) {
        response.end(signature);
        return;
      }
      response.writeHead(200, { "content-length": aci.length });
      response.write(aci.subarray(0, 60_000), () => response.destroy());
    });
    await expectRefused([`${cutting.url}/app.aci`], `connection lost after`);
  });

  it("leaves nothing half after kill -9, and the next fetch works", async () => {
    const signature = await signBytes(aci, keys.trusted);
    const stalling = await start(({ url }, response) => {
      if (url.endsWith(".asc")) {
        response.end(signature);
      } else {
        response.writeHead(200, { "content-length": aci.length });
        response.write(aci.subarray(0, 60_000)); // and then nothing
      }
    });
    const data = join(dir, "data");
    const child = spawn(
      process.execPath,
      [
        ...coreflyArgv([
          `--dir=${data}`,
          `--local-config=${join(dir, "etc")}`,
          "fetch",
          `${stalling.url}/app.aci`,
        ]),
      ],
      { stdio: "ignore" },
    );
    const ended = new Promise((resolve) => child.on("close", resolve));
    await waitFor(() =>
      readdirSync(join(data, "tmp"), { recursive: true, encoding: "utf8" }).some((name) =>
        name.endsWith("rootfs/bin/app"),
      ),
    );
    child.kill("SIGKILL");
    await ended;
    expect(readdirSync(join(data, "images"))).toEqual([]);
    expect(readdirSync(join(data, "trees"))).toEqual([]);
    files = { "/app.aci": aci, "/app.aci.asc": signature };
    expect((await run("image", "list", "--no-legend")).stdout).toBe("\n");
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
    expect((await run("fetch", `${server.url}/app.aci`)).status).toBe(0);
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
  });

  it("does not disturb a fetch of another process", async () => {
    files = { "/app.aci": aci, "/app.aci.asc": await signBytes(aci, keys.trusted) };
    const ended = await Promise.all(
      Array.from({ length: 4 }, () => run("fetch", `${server.url}/app.aci`)),
    );
    expect(ended.map(({ status, stderr }) => [status, stderr])).toEqual(Array(4).fill([0, ""]));
    expect(readdirSync(join(dir, "data/images"))).toHaveLength(1);
  });

  it("asks only whether there is another version when the server names versions", async () => {
    const signature = await signBytes(aci, keys.trusted);
    const versioned = await start(({ url, headers }, response) => {
      const isKnown = !url.endsWith(".asc") && headers["if-none-match"] === '"v1"';
      response.writeHead(isKnown ? 304 : 200, { etag: '"v1"' });
      response.end(isKnown ? undefined : url.endsWith(".asc") ? signature : aci);
    });
    const first = await run("fetch", `${versioned.url}/app.aci`);
    const second = await run("fetch", `${versioned.url}/app.aci`);
    expect([first.status, second.status, second.stdout]).toEqual([0, 0, first.stdout]);
    expect(versioned.seen.at(-1)?.headers["if-none-match"]).toBe('"v1"');
    const third = await run("fetch", "--pull-policy=new", `${versioned.url}/app.aci`);
    expect([third.stdout, versioned.seen.length]).toEqual([first.stdout, 4]);
  });

  it("takes a signature from elsewhere with --signature", async () => {
    writeFileSync(join(dir, "app.aci"), aci);
    writeFileSync(join(dir, "s"), await signBytes(aci, keys.trusted));
    const fetched = await run("fetch", `--signature=${join(dir, "s")}`, join(dir, "app.aci"));
    expect(fetched).toMatchObject({ status: 0, stderr: "" });
  });
});

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
    const images = {
      a: named("a", "a", ["b", "c"]),
      b: named("b", "b", []),
      c: named("c", "c", ["d"]),
      d: named("d", "d", []),
    };
    for (const [name, bytes] of Object.entries(images)) {
      files[`/example.test/app/${name}.aci`] = bytes;
      files[`/example.test/app/${name}.aci.asc`] = await signBytes(bytes, keys.trusted);
    }
    writeMirror({ aci: `${server.url}/{name}.{ext}` });
    expect(await run("fetch", "example.test/app/a")).toMatchObject({ status: 0, stderr: "" });
    const store = await ImageStore.open(join(dir, "data"), linuxSystem());
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
    for (const [name, bytes] of Object.entries({ base, top })) {
      files[`/example.test/app/${name}.aci`] = bytes;
      files[`/example.test/app/${name}.aci.asc`] = await signBytes(bytes, keys.trusted);
    }
    writeMirror({ aci: `${server.url}/{name}.{ext}` });
    writeFileSync(join(dir, "forged.aci"), forged);
    const planted = await run("--insecure-options=image", "fetch", join(dir, "forged.aci"));
    expect(planted).toMatchObject({ status: 0 });
    const fetched = await run("fetch", "--pull-policy=new", "example.test/app/top");
    expect(fetched).toMatchObject({ status: 0, stderr: "" });
    const store = await ImageStore.open(join(dir, "data"), linuxSystem());
    const trees = await store.rootfs((await store.get("example.test/app/top")).id);
    expect(readFileSync(join(trees[1] ?? "", "who"), "utf8")).toBe("base");
  });
});

describe("fetch with credentials", () => {
  it("IMG-08: sends those of auth.d to the host they are for, and not to where it redirects", async () => {
    const signature = await signBytes(aci, keys.trusted);
    const store = await start(({ url, headers }, response) => {
      response.writeHead(headers.authorization === undefined ? 200 : 400);
      response.end(url.endsWith(".asc") ? signature : aci);
    }, "127.0.0.2");
    const home = await start(({ url, headers }, response) => {
      const isKnown = headers.authorization === "Bearer secret";
      response.writeHead(isKnown ? 302 : 401, { location: `${store.url}${url}` }).end();
    });
    const fetchIt = () => run("fetch", `${home.url}/app.aci`);
    expect((await fetchIt()).stderr).toContain("(HTTP status 401)");
    mkdirSync(join(dir, "etc/auth.d"), { recursive: true });
    writeFileSync(
      join(dir, "etc/auth.d/a.json"),
      JSON.stringify({
        rktKind: "auth",
        rktVersion: "v1",
        type: "oauth",
        domains: [`127.0.0.1:${home.port}`],
        credentials: { token: "secret" },
      }),
    );
    expect(await fetchIt()).toMatchObject({ status: 0, stderr: "" });
    expect(store.seen).toHaveLength(2);
  });
});

describe("discovery", () => {
  it("IMG-11: finds example.test/app and below, not example.test/appx", async () => {
    const signature = await signBytes(aci, keys.trusted);
    const page = `<html><head><meta name="ac-discovery" content="example.test/app ${server.url}/{name}-{version}-{os}-{arch}.{ext}"></head>`;
    const path = "/example.test/app-1.0.0-linux-amd64.aci";
    files = {
      "/site/": page,
      "/site/app": page,
      "/site/appx": page,
      [path]: aci,
      [`${path}.asc`]: signature,
    };
    writeMirror();
    const found = await run("fetch", "example.test/app:1.0.0,os=linux,arch=amd64");
    expect(found).toMatchObject({ status: 0, stderr: "" });
    await expectRefused(
      ["example.test/appx:1.0.0"],
      'Cannot discover image "example.test/appx": no meta tag "ac-discovery" for it',
    );
    // Below the name the template is used too: it asks for the file of the deeper name.
    await expectRefused(
      ["example.test/app/x:1.0.0"],
      "example.test/app/x-1.0.0-linux-amd64.aci.asc",
    );
    await expectRefused(
      ["example.test/app:1.0.0,flavour=hot"],
      'requested label "flavour" not provided by the image manifest',
    );
  });

  it("trusts a key that the page of the name states, after the fingerprint was shown", async () => {
    rmSync(join(dir, "etc"), { recursive: true });
    files = {
      "/site/app": `<meta name='ac-discovery-pubkeys' content='example.test/app ${server.url}/key.asc'>`,
      "/key.asc": keys.trusted.publicArmored,
    };
    writeMirror();
    const refused = await run("trust", "--prefix=example.test/app", "--skip-fingerprint-review");
    expect(refused.status).toBe(254);
    expect(refused.stderr).toContain("a key over http needs --insecure-allow-http");
    const asked = await run("trust", "--prefix=example.test/app", "--insecure-allow-http");
    expect(asked.status).toBe(254); // the end of the input is a no
    expect(asked.stdout).toContain("Are you sure you want to trust this key (yes/no)?");
    const trusted = await run(
      "trust",
      "--prefix=example.test/app",
      "--insecure-allow-http",
      "--skip-fingerprint-review",
    );
    expect(trusted.stdout).toContain(
      `Added key for prefix "example.test/app" at "${join(dir, "etc/trustedkeys/prefix.d/example.test/app", keys.trusted.fingerprint)}"\n`,
    );
  });
});

/** Names of example.test come from the test's server. */
function writeMirror(more: object = {}): void {
  const mirror = { prefix: "example.test", location: `${server.url}/site`, ...more };
  mkdirSync(join(dir, "etc/registries.d"), { recursive: true });
  writeFileSync(
    join(dir, "etc/registries.d/mirror.json"),
    JSON.stringify({ rktKind: "registries", rktVersion: "v1", mirrors: [mirror] }),
  );
}
