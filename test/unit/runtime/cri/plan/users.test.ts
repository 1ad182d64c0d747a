// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { imageUser, resolveUser, type UserWish } from "../../../../../runtime/cri/plan/users.ts";
import { parseGroup, parsePasswd } from "../../../../../runtime/stage1/users.ts";

const database = {
  users: parsePasswd(
    "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001::/:/bin/sh\nbroken\nbad:x:one:1::/:\n",
  ),
  groups: parseGroup("root:x:0:\nweb:x:1001:\nlogs:x:50:web,other\naudio:x:29:other\n"),
  owner: (path: string) => (path === "/data" ? { uid: 5, gid: 6 } : undefined),
};
const nobody: UserWish = {
  runAsUsername: "",
  supplementalGroups: [],
  mergeGroups: true,
  imageUser: "",
  imageGroup: "",
};
const resolved = (wish: Partial<UserWish>) => resolveUser({ ...nobody, ...wish }, database);

describe("resolveUser()", () => {
  it.each<[string, Partial<UserWish>, number, number, readonly number[]]>([
    ["root without any wish", {}, 0, 0, []],
    ["a number with its passwd's group and groups", { runAsUser: 1000n }, 1000, 1001, [50]],
    ["a number that passwd does not list", { runAsUser: 7n }, 7, 0, []],
    ["a name", { runAsUsername: "web" }, 1000, 1001, [50]],
    ["another group", { runAsUser: 1000n, runAsGroup: 5n }, 1000, 5, [50]],
    ["the image's user by name", { imageUser: "web" }, 1000, 1001, [50]],
    ["the image's user and group", { imageUser: "web:logs" }, 1000, 50, []],
    ["an ACI's user and group", { imageUser: "1000", imageGroup: "50" }, 1000, 50, []],
    ["the owner of a file of the image", { imageUser: "/data", imageGroup: "/data" }, 5, 6, []],
    ["the pod over the image", { imageUser: "web:logs", runAsUser: 0n }, 0, 0, []],
    [
      "strict groups",
      { runAsUser: 1000n, supplementalGroups: [77n], mergeGroups: false },
      1000,
      1001,
      [77],
    ],
    [
      "groups of the pod and the image, each once",
      { runAsUser: 1000n, supplementalGroups: [77n, 50n] },
      1000,
      1001,
      [77, 50],
    ],
  ])("%s", (_title, wish, uid, gid, supplementaryGids) => {
    expect(resolved(wish)).toEqual({ uid, gid, supplementaryGids });
  });

  it("takes digits for a number, whoever has them for a name: runAsNonRoot was judged by the number", () => {
    const hostile = {
      ...database,
      users: parsePasswd("1000:x:0:0::/:/bin/sh\nweb:x:1001:1001::/:\n"),
      groups: parseGroup("50:x:0:\nlogs:x:60:1000,web\n"),
    };
    const of = (wish: Partial<UserWish>) => resolveUser({ ...nobody, ...wish }, hostile);
    expect(of({ imageUser: "1000" })).toEqual({ uid: 1000, gid: 0, supplementaryGids: [] });
    expect(of({ imageUser: "1001:50" })).toEqual({ uid: 1001, gid: 50, supplementaryGids: [60] });
    expect(of({ imageUser: "1000", imageGroup: "50" })).toMatchObject({ uid: 1000, gid: 50 });
    expect(of({ runAsUsername: "1000" })).toMatchObject({ uid: 1000 });
    expect(of({ imageUser: "web:logs" })).toMatchObject({ uid: 1001, gid: 60 });
  });

  it("refuses contradictions, unknown names and ids that do not exist", () => {
    expect(() => resolved({ runAsGroup: 1n })).toThrow("needs run_as_user");
    expect(() => resolved({ runAsUsername: "nobody" })).toThrow('Cannot run as user "nobody"');
    expect(() => resolved({ imageUser: "web:nogroup" })).toThrow('Cannot run as group "nogroup"');
    expect(() => resolved({ runAsUser: -1n })).toThrow("Cannot use run_as_user -1");
    expect(() => resolved({ runAsUser: 4294967295n })).toThrow("expected 0 to 4294967294");
    expect(() => resolved({ imageUser: "99999999999" })).toThrow(
      'Cannot run as user "99999999999"',
    );
    expect(() => resolved({ imageUser: "0:99999999999" })).toThrow(
      'Cannot run as group "99999999999"',
    );
  });
});

describe("imageUser()", () => {
  it("tells numbers from names, which runAsNonRoot depends on", () => {
    expect(imageUser("")).toEqual({ uid: 0n, username: "" });
    expect(imageUser("1000:50")).toEqual({ uid: 1000n, username: "" });
    expect(imageUser("web")).toEqual({ username: "web" });
  });
});
