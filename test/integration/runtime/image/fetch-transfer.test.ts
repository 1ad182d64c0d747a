// SPDX-License-Identifier: Apache-2.0
// `corefly fetch` of ACIs and what happens on the way: answers that break off, a fetcher that is killed, several at a time,
// servers that want to know who asks.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { AciUser, APP_ACI } from "../../../helpers/aci-user.ts";
import { coreflyArgv } from "../../../helpers/corefly.ts";
import { makeKey, signBytes, type TestKey } from "../../../helpers/signing.ts";
import { writeTestAci } from "../../../helpers/tar.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let key: TestKey;
let signature: string;
let user: AciUser;
beforeAll(async () => {
  key = await makeKey();
  signature = await signBytes(APP_ACI, key);
});
beforeEach(async () => {
  user = await AciUser.make([key]);
});
afterEach(() => user.remove());

describe("fetch", () => {
  it("says which part of an answer was cut", async () => {
    const cutting = await user.serve(({ url }, response) => {
      if (url.endsWith(".asc")) {
        response.end(signature);
        return;
      }
      response.writeHead(200, { "content-length": APP_ACI.length });
      response.write(APP_ACI.subarray(0, 60_000), () => response.destroy());
    });
    await user.expectRefused([`${cutting.url}/app.aci`], `connection lost after`);
  });

  it("leaves nothing half after kill -9, and the next fetch works", async () => {
    const stalling = await user.serve(({ url }, response) => {
      if (url.endsWith(".asc")) {
        response.end(signature);
      } else {
        response.writeHead(200, { "content-length": APP_ACI.length });
        response.write(APP_ACI.subarray(0, 60_000)); // and then nothing
      }
    });
    const data = user.dataDir;
    const child = spawn(
      process.execPath,
      coreflyArgv([
        `--dir=${data}`,
        `--local-config=${join(user.dir, "etc")}`,
        "fetch",
        `${stalling.url}/app.aci`,
      ]),
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
    user.publish(APP_ACI, signature);
    expect((await user.run("image", "list", "--no-legend")).stdout).toBe("\n");
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
    expect((await user.run("fetch", user.url)).status).toBe(0);
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
  });

  it("does not disturb a fetch of another process", async () => {
    user.publish(APP_ACI, signature);
    const ended = await Promise.all(Array.from({ length: 4 }, () => user.run("fetch", user.url)));
    expect(ended.map(({ status, stderr }) => [status, stderr])).toEqual(Array(4).fill([0, ""]));
    expect(readdirSync(join(user.dataDir, "images"))).toHaveLength(1);
  });

  it("asks only whether there is another version when the server names versions", async () => {
    const versioned = await user.serve(({ url, headers }, response) => {
      const isKnown = !url.endsWith(".asc") && headers["if-none-match"] === '"v1"';
      response.writeHead(isKnown ? 304 : 200, { etag: '"v1"' });
      response.end(isKnown ? undefined : url.endsWith(".asc") ? signature : APP_ACI);
    });
    const first = await user.run("fetch", `${versioned.url}/app.aci`);
    const second = await user.run("fetch", `${versioned.url}/app.aci`);
    expect([first.status, second.status, second.stdout]).toEqual([0, 0, first.stdout]);
    expect(versioned.seen.at(-1)?.headers["if-none-match"]).toBe('"v1"');
    const third = await user.run("fetch", "--pull-policy=new", `${versioned.url}/app.aci`);
    expect([third.stdout, versioned.seen.length]).toEqual([first.stdout, 4]);
  });

  it("takes URLs that differ in their query for two images, and shows neither query", async () => {
    const other = writeTestAci("example.test/app", [{ path: "rootfs/other", content: "2" }]);
    const byQuery = await user.serve(({ url }, response) => {
      response.end(url.endsWith("secret=1") ? APP_ACI : other);
    });
    const urls = [1, 2].map((number) => `${byQuery.url}/app.aci?secret=${number}`);
    const fetchAs = async (policy: string, url = "") =>
      (await user.run("fetch", "--insecure-options=image", `--pull-policy=${policy}`, url)).stdout;
    const [one = "", two = ""] = [await fetchAs("new", urls[0]), await fetchAs("new", urls[1])];
    expect(one).not.toBe(two);
    expect(byQuery.seen).toHaveLength(2);
    expect([await fetchAs("never", urls[0]), await fetchAs("never", urls[1])]).toEqual([one, two]);
    const texts = readdirSync(join(user.dataDir, "images")).map((name) =>
      readFileSync(join(user.dataDir, "images", name), "utf8"),
    );
    expect(texts.filter((text) => text.includes("secret"))).toEqual([]);
    await user.expectRefused(
      ["--pull-policy=never", `${byQuery.url}/app.aci`],
      "is not in the store",
    );
  });

  it("IMG-08: sends the credentials of auth.d to the host they are for, and not to where it redirects", async () => {
    const store = await user.serve(({ url, headers }, response) => {
      response.writeHead(headers.authorization === undefined ? 200 : 400);
      response.end(url.endsWith(".asc") ? signature : APP_ACI);
    }, "127.0.0.2");
    const home = await user.serve(({ url, headers }, response) => {
      const isKnown = headers.authorization === "Bearer secret";
      response.writeHead(isKnown ? 302 : 401, { location: `${store.url}${url}` }).end();
    });
    const fetchIt = () => user.run("fetch", `${home.url}/app.aci`);
    expect((await fetchIt()).stderr).toContain("(HTTP status 401)");
    user.configure("auth.d/a.json", {
      rktKind: "auth",
      type: "oauth",
      domains: [`127.0.0.1:${home.port}`],
      credentials: { token: "secret" },
    });
    expect(await fetchIt()).toMatchObject({ status: 0, stderr: "" });
    expect(store.seen).toHaveLength(2);
  });
});
