// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { disk } from "../../../../../modules/provider/handlers/disk.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";

const dir = mkdtempSync(join(tmpdir(), "corefly-disk-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const context = resourceContext({ name: "node-1-etcd", stackDir: join(dir, "stack") });
const inputs = { sizeGiB: 2, label: "etcd" };

describe("disk", () => {
  it("takes no space until it is written to", async () => {
    const { outputs } = await disk.create(inputs, context);
    const path = String(outputs["path"]);
    expect(path).toBe(join(dir, "stack/disks/node-1-etcd/etcd.img"));
    expect(await disk.plan?.(undefined, inputs, context)).toEqual({ path });
    const found = statSync(path);
    expect([found.size, found.blocks, found.mode & 0o777]).toEqual([2 * 1024 ** 3, 0, 0o600]);
  });

  it("grows, but does not shrink", async () => {
    const olds = { ...inputs, path: join(dir, "stack/disks/node-1-etcd/etcd.img") };
    await disk.update?.("x", olds, { ...inputs, sizeGiB: 3 }, context);
    expect(statSync(olds.path).size).toBe(3 * 1024 ** 3);
    const checked = await disk.check?.({ ...olds, sizeGiB: 3 }, inputs, context);
    expect(checked?.failures).toEqual([
      { property: "sizeGiB", reason: "Found 2, expected at least the disk's 3" },
    ]);
  });

  it("does not write over a disk with data", async () => {
    const path = join(dir, "stack/disks/node-1-etcd/etcd.img");
    writeFileSync(path, "data");
    await expect(disk.create(inputs, context)).rejects.toThrow(
      `Cannot create disk "${path}": it exists and has data, expected no file`,
    );
  });

  it("is gone when its file is, and leaves nothing when it is deleted", async () => {
    const path = join(dir, "stack/disks/node-1-etcd/etcd.img");
    const olds = { ...inputs, path };
    expect((await disk.read?.("x", olds, context))?.id).toBe("x");
    const neighbour = { ...context, name: "node-2-etcd" };
    const other = String((await disk.create(inputs, neighbour)).outputs["path"]);
    await disk.delete?.("x", olds, context);
    expect(readdirSync(join(dir, "stack/disks"))).toEqual(["node-2-etcd"]);
    await disk.delete?.("y", { ...inputs, path: other }, neighbour);
    expect(readdirSync(dir)).toEqual([]);
    expect(await disk.read?.("x", olds, context)).toBeUndefined();
    await disk.delete?.("x", olds, context);
  });
});
