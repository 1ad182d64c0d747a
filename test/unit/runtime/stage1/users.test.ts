// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseGroup, parsePasswd, resolveUser } from "../../../../runtime/stage1/users.ts";

const database = {
  users: parsePasswd(
    "root:x:0:0:root:/root:/bin/sh\nbroken\n# c:x:1:1:::\nweb:x:1000:100::/srv:\n7:x:77:7::/seven:\n",
  ),
  groups: parseGroup("root:x:0:\nwww:x:33:web,other\nlogs:x:4:other,web\nbad:x:a:\n"),
  owner: (path: string) => (path === "/data" ? { uid: 5, gid: 6 } : undefined),
};
const resolve = (user: string, group = "", gids: readonly number[] = []) => {
  const { uid, gid, gids: all, entry } = resolveUser({ user, group, gids }, database, "a");
  return [uid, gid, all, entry?.home];
};

describe("resolveUser()", () => {
  it("takes names with their groups, numbers without, and owners of files", () => {
    expect(resolve("web")).toEqual([1000, 100, [33, 4], "/srv"]);
    expect(resolve("1000")).toEqual([1000, 100, [], "/srv"]);
    expect(resolve("4000")).toEqual([4000, 0, [], undefined]);
    expect(resolve("web", "www", [9, 33])).toEqual([1000, 33, [9, 33, 4], "/srv"]);
    expect(resolve("0", "12")).toEqual([0, 12, [], "/root"]);
    expect(resolve("/data", "/data")).toEqual([5, 6, [], undefined]);
    expect(resolve("")).toEqual([0, 0, [], "/root"]);
  });

  it("prefers a name to a number", () => {
    expect(resolve("7")).toEqual([77, 7, [], "/seven"]);
  });

  it.each([
    ["nobody", "", 'user "nobody" is not in the image\'s /etc/passwd'],
    ["4294967295", "", 'user "4294967295" is not in'],
    ["-1", "", 'user "-1" is not in'],
    ["/none", "", 'user is the owner of "/none", which is not in the image'],
    ["0", "staff", 'group "staff" is not in the image\'s /etc/group'],
    ["0", "/none", 'group is that of "/none", which is not in the image'],
  ])("refuses user %j group %j", (user, group, message) => {
    expect(() => resolve(user, group)).toThrow(`Cannot start app "a": ${message}`);
  });
});
