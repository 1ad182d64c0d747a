// SPDX-License-Identifier: Apache-2.0
// Somebody who fetches ACIs: a store, keys trusted for example.test/app, and a web server with files.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import { ImageStore } from "../../runtime/store/image-store.ts";
import { linuxSystem } from "../../runtime/system/linux.ts";
import { parseKey } from "../../runtime/trust/key.ts";
import { Keystore } from "../../runtime/trust/keystore.ts";
import { coreflyAsync } from "./corefly.ts";
import { serve, serveFiles, type TestServer } from "./http-server.ts";
import type { TestKey } from "./signing.ts";
import { writeTestAci } from "./tar.ts";

/** An image of 100 kB, version 1.0.0 of example.test/app. */
export const APP_ACI = writeTestAci("example.test/app", [
  { path: "rootfs/bin/app", content: "#!/bin/sh\n".padEnd(100_000, "#"), mode: 0o755 },
]);

export class AciUser {
  readonly dir: string;
  readonly server: TestServer;
  /** What the server has, by path. */
  readonly files: Record<string, string | Buffer>;
  readonly #more: TestServer[] = [];

  private constructor(dir: string, server: TestServer, files: Record<string, string | Buffer>) {
    this.dir = dir;
    this.server = server;
    this.files = files;
  }

  static async make(trusted: readonly TestKey[]): Promise<AciUser> {
    const dir = mkdtempSync(join(tmpdir(), "corefly-fetch-"));
    const files: Record<string, string | Buffer> = {};
    const user = new AciUser(dir, await serveFiles(() => files), files);
    await user.store();
    const keystore = new Keystore([join(dir, "etc")], linuxSystem());
    for (const { publicArmored } of trusted) {
      await keystore.add(await parseKey(Buffer.from(publicArmored), "test"), "example.test/app");
    }
    return user;
  }

  get dataDir(): string {
    return join(this.dir, "data");
  }

  /** Where {@link publish} puts an image. */
  get url(): string {
    return `${this.server.url}/app.aci`;
  }

  store(): Promise<ImageStore> {
    return ImageStore.open(this.dataDir, linuxSystem());
  }

  /** The server has an image and its signature from now on. */
  publish(bytes: Buffer, signature: string, path = "/app.aci"): void {
    this.files[path] = bytes;
    this.files[`${path}.asc`] = signature;
  }

  /** Another server of this user's, closed with the rest. */
  async serve(...args: Parameters<typeof serve>): Promise<TestServer> {
    const server = await serve(...args);
    this.#more.push(server);
    return server;
  }

  /** A file of the user's configuration. */
  configure(path: string, content: object): void {
    const file = join(this.dir, "etc", path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, JSON.stringify({ rktVersion: "v1", ...content }));
  }

  run(...args: readonly string[]): ReturnType<typeof coreflyAsync> {
    return coreflyAsync([
      `--dir=${this.dataDir}`,
      `--local-config=${join(this.dir, "etc")}`,
      `--system-config=${join(this.dir, "usr")}`,
      ...args,
    ]);
  }

  /** Fetches, and expects a refusal in one line that changes nothing in the store. */
  async expectRefused(args: readonly string[], message: string): Promise<void> {
    const before = this.#storeContent();
    const { status, stdout, stderr } = await this.run("fetch", ...args);
    expect({ status, stdout, lines: stderr.trimEnd().split("\n").length }).toEqual({
      status: 254,
      stdout: "",
      lines: 1,
    });
    expect(stderr).toContain(message);
    expect(this.#storeContent()).toEqual(before);
  }

  async remove(): Promise<void> {
    await Promise.all([this.server, ...this.#more].map((server) => server.close()));
    rmSync(this.dir, { recursive: true });
  }

  /** Every file of the store with its content: equal before and after what must change nothing. */
  #storeContent(): Record<string, string> {
    return Object.fromEntries(
      readdirSync(this.dataDir, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.name.endsWith(".lock"))
        .map((entry) => {
          const path = join(entry.parentPath, entry.name);
          return [path, entry.isFile() ? readFileSync(path, "latin1") : ""];
        }),
    );
  }
}
