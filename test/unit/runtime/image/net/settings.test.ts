// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  loadFetchSettings,
  mirrored,
  mirrorFor,
} from "../../../../../runtime/image/net/settings.ts";
import { recordingSystem } from "../../../../../runtime/system/fake/recording-system.ts";

let dir: string;
const system = recordingSystem();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-settings-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

function write(path: string, content: object): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), JSON.stringify({ rktVersion: "v1", ...content }));
}

const load = () => loadFetchSettings([join(dir, "usr"), join(dir, "etc")], system);
const mirror = (prefix: string, location: string) => ({
  rktKind: "registries",
  mirrors: [{ prefix, location }],
});

describe("loadFetchSettings()", () => {
  it("lets the local directory win over the vendor's, prefix by prefix and host by host", async () => {
    write("usr/registries.d/a.json", mirror("a.test", "http://vendor.test"));
    write("usr/registries.d/b.json", mirror("b.test", "http://vendor.test"));
    write("etc/registries.d/a.json", mirror("a.test", "http://local.test/x"));
    write("usr/auth.d/a.json", {
      rktKind: "auth",
      type: "oauth",
      domains: ["a.test"],
      credentials: { token: "t" },
    });
    write("etc/auth.d/b.json", {
      rktKind: "dockerAuth",
      registries: ["index.docker.io"],
      credentials: { user: "u", password: "p" },
    });
    const { mirrors, authorizations } = await load();
    expect(mirrors.map(({ prefix, location }) => [prefix, location.href])).toEqual([
      ["a.test", "http://local.test/x"],
      ["b.test", "http://vendor.test/"],
    ]);
    expect([...authorizations]).toEqual([
      ["a.test", "Bearer t"],
      ["registry-1.docker.io", "Basic dTpw"],
    ]);
  });

  it("refuses what one directory says twice, a wrong kind, and a location that is no URL", async () => {
    write("etc/registries.d/a.json", mirror("a.test", "http://one.test"));
    write("etc/registries.d/b.json", mirror("a.test", "http://two.test"));
    await expect(load()).rejects.toThrow('"a.test" is already in another file of its directory');
    write("etc/registries.d/b.json", { rktKind: "auth" });
    await expect(load()).rejects.toThrow('found "auth", expected registries');
    write("etc/registries.d/b.json", mirror("b.test", "two.test"));
    await expect(load()).rejects.toThrow("expected a URL of http:// or https://");
  });
});

describe("mirrorFor()", () => {
  it("takes the longest prefix of whole path parts", async () => {
    write("etc/registries.d/a.json", mirror("a.test", "http://m.test:5000/all/"));
    write("etc/registries.d/b.json", mirror("a.test/apps", "http://m.test:5000/apps"));
    const { mirrors } = await load();
    const place = (name: string) => {
      const found = mirrorFor(name, mirrors);
      return found === undefined ? undefined : mirrored(name, found).href;
    };
    expect(place("a.test/apps/web")).toBe("http://m.test:5000/apps/web");
    expect(place("a.test/appsx")).toBe("http://m.test:5000/all/appsx");
    expect(place("a.test")).toBe("http://m.test:5000/all");
    expect(place("a.tester")).toBe(undefined);
  });
});
