// SPDX-License-Identifier: Apache-2.0
// Who an app runs as: names and numbers resolved in the image's own /etc/passwd and /etc/group, as appc, OCI and CRI mean them.
import { NotFoundError, UsageError } from "../errors.ts";
import { O_CLOEXEC, O_DIRECTORY, O_NONBLOCK, O_PATH, O_RDONLY } from "../system/constants.ts";
import { isMissing } from "../system/files.ts";
import type { System } from "../system/system.ts";

/** CRI's supplementalGroupsPolicy: Merge adds the user's memberships in the image's /etc/group. */
export type GroupsPolicy = "Merge" | "Strict";

export interface UserRequest {
  /** "", "name", "1000", "name:group", "1000:1000", or the path of a file in the image whose owner is meant (appc). */
  readonly user: string;
  /** As `user`, for the primary group; wins over the part after the colon. */
  readonly group?: string;
  readonly supplementaryGids?: readonly number[];
  readonly policy?: GroupsPolicy;
}

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  /**
   * With the primary group first: a group that may *not* read a file must not be left by dropping it
   * (CVE-2022-36109), and CRI's status shows it so.
   */
  readonly supplementaryGids: readonly number[];
  /** Empty when the image does not know the user. */
  readonly home: string;
}

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The image's account files, and who owns a file of it. */
export interface Accounts {
  readonly passwd: readonly PasswdEntry[];
  readonly group: readonly GroupEntry[];
  ownerOf(path: string): { readonly uid: number; readonly gid: number } | undefined;
}

/** 4294967295 is -1, "leave as it is", to setuid and chown. */
const MAX_ID = 4294967294;
/** An account file of a hostile image must not fill our memory. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Resolves a request. Throws NotFoundError for a name that the image does not know. */
export function resolveUser(request: UserRequest, accounts: Accounts): ResolvedUser {
  const [userPart = "", groupPart = ""] = splitUser(request.user);
  const entry = findUser(userPart, accounts);
  const group = request.group === undefined || request.group === "" ? groupPart : request.group;
  const gid = group === "" ? entry.gid : findGroup(group, accounts);
  const memberships =
    (request.policy ?? "Merge") === "Strict" || entry.name === ""
      ? []
      : accounts.group
          .filter(({ members }) => members.includes(entry.name))
          .map((each) => each.gid);
  const asked = (request.supplementaryGids ?? []).map((each) => requireId(each, String(each)));
  return {
    uid: entry.uid,
    gid,
    supplementaryGids: [...new Set([gid, ...memberships, ...asked])],
    home: entry.home,
  };
}

/** Reads the account files inside `rootfs`: symlinks are followed, but never out of it; only regular files are read. */
export function readAccounts(system: System, rootfs: string): Accounts {
  const { files, kernel } = system;
  const root = files.openSync(rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  try {
    return {
      passwd: parsePasswd(readInside(system, root, "/etc/passwd")),
      group: parseGroup(readInside(system, root, "/etc/group")),
      ownerOf: (path) => {
        const directory = files.openSync(rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        try {
          const fd = kernel.openInRoot(directory, path, O_PATH);
          try {
            const { uid, gid } = files.fstatSync(fd);
            return { uid, gid };
          } finally {
            files.closeSync(fd);
          }
        } catch (error) {
          if (isMissing(error)) {
            return undefined;
          }
          throw error;
        } finally {
          files.closeSync(directory);
        }
      },
    };
  } finally {
    files.closeSync(root);
  }
}

/** Lines that are not entries are skipped, as the C library does. */
export function parsePasswd(text: string): readonly PasswdEntry[] {
  return entries(text).flatMap(([name = "", , uid = "", gid = "", , home = ""]) =>
    isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid), home }] : [],
  );
}

/** Lines that are not entries are skipped, as the C library does. */
export function parseGroup(text: string): readonly GroupEntry[] {
  return entries(text).flatMap(([name = "", , gid = "", members = ""]) =>
    isId(gid)
      ? [{ name, gid: Number(gid), members: members.split(",").filter((each) => each !== "") }]
      : [],
  );
}

function entries(text: string): readonly string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"))
    .filter(([name]) => name !== undefined && name !== "");
}

function splitUser(user: string): readonly string[] {
  return user.startsWith("/") ? [user] : user.split(":");
}

function findUser(user: string, accounts: Accounts): PasswdEntry {
  if (user.startsWith("/")) {
    const { uid } = ownerOf(user, accounts);
    return accounts.passwd.find((each) => each.uid === uid) ?? { name: "", uid, gid: 0, home: "" };
  }
  const name = user === "" ? "0" : user;
  if (/^\d+$/.test(name)) {
    const uid = requireId(Number(name), user);
    return accounts.passwd.find((each) => each.uid === uid) ?? { name: "", uid, gid: 0, home: "" };
  }
  const found = accounts.passwd.find((each) => each.name === name);
  if (found === undefined) {
    throw new NotFoundError(
      `Cannot run as user "${user}": the image's /etc/passwd has no such name`,
    );
  }
  return found;
}

function findGroup(group: string, accounts: Accounts): number {
  if (group.startsWith("/")) {
    return ownerOf(group, accounts).gid;
  }
  if (/^\d+$/.test(group)) {
    return requireId(Number(group), group);
  }
  const found = accounts.group.find((each) => each.name === group);
  if (found === undefined) {
    throw new NotFoundError(
      `Cannot run as group "${group}": the image's /etc/group has no such name`,
    );
  }
  return found.gid;
}

function ownerOf(path: string, accounts: Accounts): { readonly uid: number; readonly gid: number } {
  const owner = accounts.ownerOf(path);
  if (owner === undefined) {
    throw new NotFoundError(`Cannot run as the owner of "${path}": the image has no such file`);
  }
  return owner;
}

function requireId(id: number, given: string): number {
  if (!Number.isInteger(id) || id < 0 || id > MAX_ID) {
    throw new UsageError(`Cannot run as "${given}": expected a number from 0 to ${MAX_ID}`);
  }
  return id;
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID;
}

function readInside(system: System, root: number, path: string): string {
  const { files, kernel } = system;
  let fd: number;
  try {
    // O_NONBLOCK: a fifo in its place must not stop us
    fd = kernel.openInRoot(root, path, O_RDONLY | O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) {
      return "";
    }
    throw error;
  }
  try {
    const stats = files.fstatSync(fd);
    if (!stats.isFile() || stats.size > MAX_FILE_BYTES) {
      throw new UsageError(
        `Cannot read the image's ${path}: expected a file of at most ${MAX_FILE_BYTES} bytes`,
      );
    }
    return files.readFileSync(fd, "utf8");
  } finally {
    files.closeSync(fd);
  }
}
