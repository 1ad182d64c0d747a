// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  type Accounts,
  parseGroup,
  parsePasswd,
  readAccounts,
  resolveUser,
} from "../../../../runtime/stage1/user.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";

const accounts: Accounts = {
  passwd: parsePasswd(
    "root:x:0:0:root:/root:/bin/sh\n# comment\n\nbroken\nneg:x:-1:0::/:\nweb:x:101:102:Web:/srv:/bin/false\n",
  ),
  group: parseGroup(
    "root:x:0:\nwww:x:102:\nlogs:x:103:web,other\nmail:x:104:other,web\nbroken:x:x:web\n",
  ),
  ownerOf: (path) => (path === "/bin/tool" ? { uid: 101, gid: 7 } : undefined),
};

describe("resolveUser()", () => {
  it.each([
    ["", 0, 0, [0], "/root"],
    ["root", 0, 0, [0], "/root"],
    ["web", 101, 102, [102, 103, 104], "/srv"],
    ["101", 101, 102, [102, 103, 104], "/srv"],
    ["web:logs", 101, 103, [103, 104], "/srv"],
    ["web:9", 101, 9, [9, 103, 104], "/srv"],
    ["4000", 4000, 0, [0], ""],
    ["4000:5000", 4000, 5000, [5000], ""],
    ["/bin/tool", 101, 102, [102, 103, 104], "/srv"],
  ])("%j is uid %i, gid %i, groups %j", (user, uid, gid, supplementaryGids, home) => {
    expect(resolveUser({ user }, accounts)).toEqual({ uid, gid, supplementaryGids, home });
  });

  it("adds groups that were asked for, and with Strict none of the image's", () => {
    const request = { user: "web", group: "5", supplementaryGids: [103, 2000, 2000] };
    expect(resolveUser(request, accounts).supplementaryGids).toEqual([5, 103, 104, 2000]);
    expect(resolveUser({ ...request, policy: "Strict" }, accounts).supplementaryGids).toEqual([
      5, 103, 2000,
    ]);
  });

  it("takes a group's file owner as appc does", () => {
    expect(resolveUser({ user: "0", group: "/bin/tool" }, accounts).gid).toBe(7);
  });

  it.each([
    ["nobody", `Cannot run as user "nobody": the image's /etc/passwd has no such name`],
    ["0:nogroup", `Cannot run as group "nogroup": the image's /etc/group has no such name`],
    ["neg", `Cannot run as user "neg": the image's /etc/passwd has no such name`],
    ["4294967295", 'Cannot run as "4294967295": expected a number from 0 to 4294967294'],
    ["/no/file", `Cannot run as the owner of "/no/file": the image has no such file`],
  ])("refuses %j", (user, message) => {
    expect(() => resolveUser({ user }, accounts)).toThrow(message);
  });
});

describe("readAccounts()", () => {
  let work: string;
  const system = linuxSystem();

  beforeEach(() => {
    work = mkdtempSync(join(tmpdir(), "corefly-user-"));
    mkdirSync(join(work, "rootfs/etc"), { recursive: true });
  });

  afterEach(() => rmSync(work, { recursive: true }));

  it("knows nobody when the image has no account files", () => {
    const found = readAccounts(system, join(work, "rootfs"));
    expect(found.passwd).toEqual([]);
    expect(found.group).toEqual([]);
  });

  it("keeps symlinks inside the rootfs", () => {
    writeFileSync(join(work, "outside"), "evil:x:0:0::/:\n");
    writeFileSync(join(work, "rootfs/passwd"), "good:x:1:1::/:\n");
    symlinkSync("/passwd", join(work, "rootfs/etc/passwd"));
    symlinkSync(join(work, "outside"), join(work, "rootfs/etc/group"));
    const found = readAccounts(system, join(work, "rootfs"));
    expect(found.passwd.map(({ name }) => name)).toEqual(["good"]);
    expect(found.group).toEqual([]);
  });

  it("refuses a directory in the place of a file", () => {
    mkdirSync(join(work, "rootfs/etc/passwd"));
    expect(() => readAccounts(system, join(work, "rootfs"))).toThrow(
      "Cannot read the image's /etc/passwd: expected a file of at most 16777216 bytes",
    );
  });
});
