// SPDX-License-Identifier: Apache-2.0
// Who an app runs as: the pod's wish, else the image's, looked up in the image's own /etc/passwd and /etc/group.
import { NotFoundError, UsageError } from "../../errors.ts";
import {
  entryOf,
  findGroup,
  findUser,
  groupsWith,
  MAX_ID,
  type PasswdEntry,
  type UserDatabase,
} from "../../stage1/users.ts";

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

/** Throws UsageError for a wish that contradicts itself, NotFoundError for a name that the image does not have. */
export function resolveUser(wish: UserWish, database: UserDatabase): ResolvedUser {
  const named = wish.runAsUsername !== "";
  if (wish.runAsGroup !== undefined && wish.runAsUser === undefined && !named) {
    throw new UsageError("Cannot use run_as_group: it needs run_as_user or run_as_username");
  }
  const user = userOf(wish, database);
  const gid = primaryGroup(wish, user, database);
  const merged =
    wish.mergeGroups && user.entry !== undefined ? groupsWith(user.entry.name, database) : [];
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
  return isNumeric(name) ? { uid: BigInt(name), username: "" } : { username: name };
}

interface User {
  readonly uid: number;
  readonly entry: PasswdEntry | undefined;
}

function userOf(wish: UserWish, database: UserDatabase): User {
  if (wish.runAsUsername === "" && wish.runAsUser !== undefined) {
    const uid = checkedId("run_as_user", wish.runAsUser);
    return { uid, entry: entryOf(uid, database.users) };
  }
  const name = wish.runAsUsername || (wish.imageUser.split(":")[0] ?? "") || "0";
  const found = isNumeric(name) ? numericUser(name, database) : findUser(name, database);
  if (found === undefined) {
    throw new NotFoundError(`Cannot run as user "${name}": the image has no such user`);
  }
  return found;
}

function primaryGroup(wish: UserWish, user: User, database: UserDatabase): number {
  if (wish.runAsGroup !== undefined) {
    return checkedId("run_as_group", wish.runAsGroup);
  }
  const fromImage = wish.runAsUser === undefined && wish.runAsUsername === "";
  const name = wish.imageGroup !== "" ? wish.imageGroup : (wish.imageUser.split(":")[1] ?? "");
  if (!fromImage || name === "") {
    return user.entry?.gid ?? 0;
  }
  const gid = isNumeric(name) ? numericId(name) : findGroup(name, database);
  if (gid === undefined) {
    throw new NotFoundError(`Cannot run as group "${name}": the image has no such group`);
  }
  return gid;
}

/**
 * Digits are a number, also where the image has a user or group of that name, unlike for pods started by hand: the kubelet has
 * judged runAsNonRoot by the number.
 */
function isNumeric(name: string): boolean {
  return /^[0-9]+$/.test(name);
}

function numericUser(name: string, { users }: UserDatabase): User | undefined {
  const uid = numericId(name);
  return uid === undefined ? undefined : { uid, entry: entryOf(uid, users) };
}

function numericId(name: string): number | undefined {
  const id = Number(name);
  return id <= MAX_ID ? id : undefined;
}

function checkedId(what: string, id: bigint): number {
  if (id < 0n || id > BigInt(MAX_ID)) {
    throw new UsageError(`Cannot use ${what} ${id}: expected 0 to ${MAX_ID}`);
  }
  return Number(id);
}
