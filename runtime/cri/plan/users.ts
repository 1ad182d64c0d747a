// SPDX-License-Identifier: Apache-2.0
// Who an app runs as: the pod's wish, else the image's, looked up in the image's own /etc/passwd and /etc/group.
import { NotFoundError, UsageError } from "../../errors.ts";

/** The contents of the image's two files; empty where the image has none. */
export interface UserDatabase {
  readonly passwd: string;
  readonly group: string;
}

export interface UserWish {
  readonly runAsUser?: bigint;
  readonly runAsGroup?: bigint;
  readonly runAsUsername: string;
  readonly supplementalGroups: readonly bigint[];
  /** Adds the groups that the image's /etc/group lists the user in. */
  readonly mergeGroups: boolean;
  /** What the image says: names or numbers, either may be empty. */
  readonly imageUser: string;
  readonly imageGroup: string;
}

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /** Without the primary group. */
  readonly supplementaryGids: readonly number[];
}

/** uid_t and gid_t have 32 bits; the last value means "unchanged" to setresuid(2). */
const ID_MAX = 4294967294;

/** Throws UsageError for a wish that contradicts itself, NotFoundError for a name that the image does not have. */
export function resolveUser(wish: UserWish, database: UserDatabase): ResolvedUser {
  const named = wish.runAsUsername !== "";
  if (wish.runAsGroup !== undefined && wish.runAsUser === undefined && !named) {
    throw new UsageError("Cannot use run_as_group: it needs run_as_user or run_as_username");
  }
  const users = parsePasswd(database.passwd);
  const groups = parseGroups(database.group);
  const user = findUser(wish, users);
  const gid = primaryGroup(wish, user, groups);
  const merged =
    wish.mergeGroups && user.name !== undefined
      ? groups.filter(({ members }) => members.includes(user.name ?? "")).map((group) => group.gid)
      : [];
  const wanted = [
    ...wish.supplementalGroups.map((id) => checkedId("supplemental group", id)),
    ...merged,
  ];
  return {
    uid: user.uid,
    gid,
    supplementaryGids: [...new Set(wanted)].filter((each) => each !== gid),
  };
}

/** A numeric user of an image, or its name: what ImageStatus tells the kubelet for runAsNonRoot. */
export function imageUser(user: string): { readonly uid?: bigint; readonly username: string } {
  const name = user.split(":")[0] ?? "";
  if (name === "") {
    return { uid: 0n, username: "" };
  }
  return /^[0-9]+$/.test(name) ? { uid: BigInt(name), username: "" } : { username: name };
}

interface User {
  readonly name: string | undefined;
  readonly uid: number;
  readonly gid: number | undefined;
}

interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

function findUser(wish: UserWish, users: readonly (User & { readonly name: string })[]): User {
  if (wish.runAsUsername !== "") {
    return userNamed(wish.runAsUsername, users);
  }
  if (wish.runAsUser !== undefined) {
    return userNumbered(checkedId("run_as_user", wish.runAsUser), users);
  }
  const [user = ""] = wish.imageUser.split(":");
  return user === "" ? userNumbered(0, users) : userNamed(user, users);
}

/** A name first, as the image's author may have a user called "1000"; then a number. */
function userNamed(name: string, users: readonly (User & { readonly name: string })[]): User {
  const found = users.find((user) => user.name === name);
  if (found !== undefined) {
    return found;
  }
  if (/^[0-9]+$/.test(name)) {
    return userNumbered(checkedId("user", BigInt(name)), users);
  }
  throw new NotFoundError(`Cannot run as user "${name}": the image's /etc/passwd has no such user`);
}

function userNumbered(uid: number, users: readonly User[]): User {
  return users.find((user) => user.uid === uid) ?? { name: undefined, uid, gid: undefined };
}

function primaryGroup(wish: UserWish, user: User, groups: readonly Group[]): number {
  if (wish.runAsGroup !== undefined) {
    return checkedId("run_as_group", wish.runAsGroup);
  }
  const fromImage = wish.runAsUser === undefined && wish.runAsUsername === "";
  const name = wish.imageGroup !== "" ? wish.imageGroup : (wish.imageUser.split(":")[1] ?? "");
  if (!fromImage || name === "") {
    return user.gid ?? 0;
  }
  const found = groups.find((group) => group.name === name);
  if (found !== undefined) {
    return found.gid;
  }
  if (/^[0-9]+$/.test(name)) {
    return checkedId("group", BigInt(name));
  }
  throw new NotFoundError(
    `Cannot run as group "${name}": the image's /etc/group has no such group`,
  );
}

function parsePasswd(text: string): readonly (User & { readonly name: string })[] {
  return lines(text).flatMap(([name = "", , uid = "", gid = ""]) =>
    name !== "" && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  );
}

function parseGroups(text: string): readonly Group[] {
  return lines(text).flatMap(([name = "", , gid = "", members = ""]) =>
    name !== "" && isId(gid) ? [{ name, gid: Number(gid), members: members.split(",") }] : [],
  );
}

function lines(text: string): readonly (readonly string[])[] {
  return text.split("\n").map((line) => line.trim().split(":"));
}

function isId(text: string): boolean {
  return /^[0-9]+$/.test(text) && Number(text) <= ID_MAX;
}

function checkedId(what: string, id: bigint): number {
  if (id < 0n || id > BigInt(ID_MAX)) {
    throw new UsageError(`Cannot use ${what} ${id}: expected 0 to ${ID_MAX}`);
  }
  return Number(id);
}
