// SPDX-License-Identifier: Apache-2.0
// Images are the same bytes wherever they are packed, and those of the lock. Their programs come out of the cache: they
// are compiled once.
import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { lockOf } from "../../../../modules/artifacts/lock.ts";
import { ingredients } from "../../../../modules/artifacts/reproducibility.ts";
import { type ArtifactName, artifacts } from "../../../../modules/artifacts/table.ts";
import { rememberBuilt } from "../../../../modules/provider/build/cache.ts";
import { defaultCacheDir, hostArchitecture } from "../../../../modules/provider/build/host.ts";
import { obtainArtifacts } from "../../../../modules/provider/build/obtain.ts";
import { requestOf } from "../../../../modules/provider/build/request.ts";

const IMAGES = ["etcd-oci", "coredns-oci", "caddy-oci", "kubernetes-aci"] as const;
const cacheDir = defaultCacheDir(process.env);
const lock = lockOf(hostArchitecture());

let folder: string;

beforeAll(async () => {
  // On the file system of the cache, so that programs are linked, not copied.
  mkdirSync(join(cacheDir, "work"), { recursive: true });
  folder = mkdtempSync(join(cacheDir, "work/images-test-"));
  await obtainArtifacts(IMAGES.flatMap(ingredients), { cacheDir });
}, 1_800_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A cache with the parts of an image, and not the image. */
async function cacheWithParts(image: ArtifactName, place: string): Promise<string> {
  const cache = join(folder, place, image);
  const parts = await obtainArtifacts(ingredients(image), { cacheDir });
  for (const [name, part] of Object.entries(parts)) {
    const copy = join(cache, "blobs/sha512", part.sha512);
    mkdirSync(dirname(copy), { recursive: true });
    linkSync(part.path, copy);
    const { recipe } = await requestOf(name as ArtifactName, { cacheDir }, lock);
    await rememberBuilt(cache, recipe, part);
  }
  return cache;
}

describe("images", () => {
  it.each(IMAGES)(
    "%s packed in two places is one and the same, as in the lock",
    async (image) => {
      const digests: (string | undefined)[] = [];
      for (const place of ["here", "some/where/else"]) {
        const cache = await cacheWithParts(image, place);
        const built = await obtainArtifacts([image], { cacheDir: cache });
        digests.push(built[image]?.sha512);
        const { debian } = built[image] ?? {};
        const entry = lock[image];
        // With newer Debian packages the digest is another one, and equal all the same.
        if (JSON.stringify(debian) === JSON.stringify(entry?.debian)) {
          expect(built[image]).toMatchObject({
            sha512: entry?.sha512,
            sizeBytes: entry?.sizeBytes,
          });
        }
      }
      expect(digests[0]).toMatch(/^[0-9a-f]{128}$/);
      expect(digests[1]).toBe(digests[0]);
    },
    120_000,
  );

  it("kubernetes-aci has programs that run in its root", async () => {
    const { "kubernetes-aci": aci } = await obtainArtifacts(["kubernetes-aci"], { cacheDir });
    const root = join(folder, "aci");
    mkdirSync(root);
    execFileSync("tar", ["--extract", `--file=${aci?.path}`, `--directory=${root}`]);
    const rootfs = join(root, "rootfs");
    expect(readdirSync(root).sort()).toEqual(["manifest", "rootfs"]);
    const run = (...args: readonly string[]) =>
      execFileSync("/usr/sbin/chroot", [rootfs, ...args], { encoding: "utf8", env: {} });
    expect(run("/usr/bin/kubelet", "--version")).toBe(
      `Kubernetes ${artifacts.kubernetes.version}\n`,
    );
    expect(run("/usr/sbin/nft", "--version")).toContain("nftables v");
    expect(run("/bin/mount", "--version")).toContain("util-linux");
    expect(run("/bin/umount", "--version")).toContain("util-linux");
  }, 60_000);
});
