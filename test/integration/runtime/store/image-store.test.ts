// SPDX-License-Identifier: Apache-2.0
// What the store keeps and what it lets go, with the real kernel's mounts and locks.
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { ImageStore } from "../../../../runtime/store/image-store.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { importLayers, plainLayer } from "../../../helpers/unpack.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let dir: string;
let data: string;
const system = linuxSystem();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "corefly-store-"));
  data = join(dir, "data");
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

const importOne = (content: string) => importLayers(data, [plainLayer([{ path: "f", content }])]);
/** Of a tree: how long ago it was made, without waiting for it. */
const makeOlder = (minutes: number) => {
  const at = Date.now() / 1000 - minutes * 60;
  for (const name of layers()) {
    utimesSync(join(data, "layers", name, "rendered"), at, at);
  }
};
const layers = () => readdirSync(join(data, "layers"));

describe("ImageStore", () => {
  it("keeps trees that are mounted in another mount namespace until they are not", async () => {
    const { image, store } = await importOne("1");
    const [rootfs = ""] = await store.rootfs(image.id);
    for (const name of ["upper", "work", "merged", "ready"]) {
      mkdirSync(join(dir, name));
    }
    const options = `lowerdir=${rootfs},upperdir=${dir}/upper,workdir=${dir}/work`;
    const child = spawn(
      "unshare",
      [
        "-m",
        "sh",
        "-ec",
        `mount -t overlay overlay -o "${options}" "${dir}/merged"; rmdir "${dir}/ready"; exec sleep 600`,
      ],
      { stdio: "ignore" },
    );
    const ended = new Promise((resolve) => child.on("close", resolve));
    await waitFor(() => !existsSync(join(dir, "ready")));
    expect(await store.remove(image.id)).toBe(true);
    expect(await store.find(image.id)).toBe(undefined);
    expect(layers()).toHaveLength(1);
    await store.removeUnusedTrees();
    expect(layers()).toHaveLength(1);
    child.kill("SIGKILL");
    await ended;
    await store.removeUnusedTrees();
    expect(layers()).toEqual([]);
  });

  it("collects what nobody kept, pinned or used lately", async () => {
    const images = [];
    for (const content of ["a", "b", "c", "d"]) {
      images.push((await importOne(content)).image.id);
    }
    const [kept = "", pinned = "", fresh = "", old = ""] = images;
    const store = await ImageStore.open(data, system);
    await store.pin(pinned, "kubelet");
    expect((await store.get(pinned)).pinned).toBe(true);
    const longAgo = Date.now() / 1000 - 3600;
    for (const id of [kept, pinned, old]) {
      system.files.utimesSync(join(data, "images", `${id}.json`), longAgo, longAgo);
    }
    const collect = () => store.gc({ keep: new Set([kept]), unusedForMs: 60_000 });
    expect(await collect()).toEqual([old]);
    expect((await store.list()).map(({ id }) => id)).toEqual([kept, pinned, fresh]);
    expect(layers()).toHaveLength(3);
    await store.unpin(pinned, "kubelet");
    system.files.utimesSync(join(data, "images", `${pinned}.json`), longAgo, longAgo);
    expect(await collect()).toEqual([pinned]);
  });

  it("takes no name and no accepted signature away for an image that was not verified", async () => {
    const [verified, stranger] = [await importOne("1"), await importOne("2")];
    const store = await ImageStore.open(data, system);
    const repoTags = ["example.test/app:1"];
    await store.add({ ...verified.image, repoTags, signedBy: "f".repeat(40) });
    await store.add({ ...verified.image, repoTags: [] });
    await store.add({ ...stranger.image, repoTags });
    expect(await store.record(verified.image.id)).toMatchObject({
      repoTags: expect.arrayContaining(repoTags),
      signedBy: "f".repeat(40),
    });
    expect((await store.get("example.test/app:1")).id).toBe(verified.image.id);
  });

  it("leaves trees alone while somebody fetches", async () => {
    const { image, store } = await importOne("1");
    await store.whileFetching(async () => {
      await store.remove(image.id);
      await store.removeUnusedTrees();
      expect(layers()).toHaveLength(1);
    });
    await store.removeUnusedTrees();
    expect(layers()).toEqual([]);
  });

  it("keeps layers of a fetch that failed for an hour, for the next try, whatever image is removed meanwhile", async () => {
    const layer = plainLayer([{ path: "base", content: "1" }]);
    const broken = { ...plainLayer([{ path: "top", content: "2" }]), tar: Buffer.from("other") };
    await expect(importLayers(data, [layer, broken])).rejects.toThrow("the image's config says");
    const { image, store } = await importOne("another");
    expect(layers()).toHaveLength(2);
    await store.remove(image.id);
    expect(layers()).toHaveLength(1);
    makeOlder(59);
    await store.removeUnusedTrees();
    expect(layers()).toHaveLength(1);
    for (const minutes of [61, -61]) {
      await importLayers(data, [layer, broken]).catch(() => {});
      expect(layers()).toHaveLength(1);
      makeOlder(minutes); // a minus: the clock was set back
      await store.removeUnusedTrees();
      expect(layers()).toEqual([]);
    }
  });

  it("is idempotent about what is gone", async () => {
    const { image, store } = await importOne("1");
    expect([await store.remove(image.id), await store.remove(image.id)]).toEqual([true, false]);
    await expect(store.get(image.id)).rejects.toThrow(
      `Cannot find image "${image.id}" in the store`,
    );
    await expect(store.remove("../x")).rejects.toThrow('Cannot use image ID "../x"');
  });

  it("says that an image has to be fetched again whose tree somebody removed", async () => {
    const { image, store } = await importOne("1");
    rmSync(join(data, "layers", layers()[0] ?? ""), { recursive: true });
    await expect(store.rootfs(image.id)).rejects.toThrow("fetch the image again");
    const again = await importOne("1");
    expect(await store.rootfs(again.image.id)).toHaveLength(1);
  });

  it("names the file of a record that is damaged", async () => {
    const { store, image } = await importOne("1");
    const path = join(data, "images", `${image.id}.json`);
    writeFileSync(path, "{");
    await expect(store.list()).rejects.toThrow(`Cannot read "${path}": not valid JSON`);
  });

  it("hides what images contain from the machine's users", async () => {
    await importOne("1");
    const modes = ["layers", "trees", "tmp"].map(
      (name) => system.files.statSync(join(data, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o700, 0o700, 0o700]);
  });

  it("takes many writers at once", async () => {
    const stores = await Promise.all(
      Array.from({ length: 8 }, (_, index) => importOne(`${index % 4}`)),
    );
    const [{ store } = await importOne("0")] = stores;
    await Promise.all(stores.map(({ image }, index) => store.pin(image.id, `holder ${index}`)));
    const records = await Promise.all((await store.list()).map(({ id }) => store.record(id)));
    expect(records.map(({ pins }) => pins.length)).toEqual([2, 2, 2, 2]);
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
  });

  it("removes what a killed fetch left, but not what another is making", async () => {
    await ImageStore.open(data, system);
    const left = join(data, "tmp", "left", "rootfs", "deep");
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, "f"), "half");
    chmodSync(left, 0);
    const store = await ImageStore.open(data, system);
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
    await store.trees.withTemporary(async ({ rootfs }) => {
      await ImageStore.open(data, system);
      expect(existsSync(rootfs)).toBe(true);
    });
    expect(readdirSync(join(data, "tmp"))).toEqual([]);
  });
});
