// SPDX-License-Identifier: Apache-2.0
// Users and groups as images name them: looked up in the image's own passwd and group, by number, or by the owner of a file.
import { UsageError } from "../errors.ts";
import type { RootDirectory } from "./root-directory.ts";

export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

export interface UserDatabase {
  readonly users: readonly PasswdEntry[];
  readonly groups: readonly GroupEntry[];
  /** Owner of an absolute path inside the image; undefined when there is no such file. */
  owner(path: string): { readonly uid: number; readonly gid: number } | undefined;
}

export interface ResolvedUser {
  readonly uid: number;
  readonly gid: number;
  readonly gids: readonly number[];
  /** undefined when the image's passwd does not list the uid. */
  readonly entry: PasswdEntry | undefined;
}

/** uid_t and gid_t have 32 bits; the last value means "unchanged" to setresuid(2). */
export const MAX_ID = 4_294_967_294;

/** A user as one of an image's: `entry` is missing when its passwd does not list the uid. */
export interface FoundUser {
  readonly uid: number;
  readonly entry: PasswdEntry | undefined;
  /** Found by its name: then login would also give it the groups that list it. */
  readonly isNamed: boolean;
}

/** By name first, as an image's author may have a user called "1000", then by number, or by the owner of a file. */
export function findUser(user: string, { users, owner }: UserDatabase): FoundUser | undefined {
  const byUid = (uid: number): FoundUser => ({ uid, entry: entryOf(uid, users), isNamed: false });
  if (user.startsWith("/")) {
    const found = owner(user);
    return found === undefined ? undefined : byUid(found.uid);
  }
  const entry = users.find(({ name }) => name === user);
  if (entry !== undefined) {
    return { uid: entry.uid, entry, isNamed: true };
  }
  return isId(user) ? byUid(Number(user)) : undefined;
}

/** As findUser. */
export function findGroup(group: string, { groups, owner }: UserDatabase): number | undefined {
  if (group.startsWith("/")) {
    return owner(group)?.gid;
  }
  const entry = groups.find(({ name }) => name === group);
  return entry?.gid ?? (isId(group) ? Number(group) : undefined);
}

export function entryOf(uid: number, users: readonly PasswdEntry[]): PasswdEntry | undefined {
  return users.find((entry) => entry.uid === uid);
}

/** The groups that list a user by name. */
export function groupsWith(name: string, { groups }: UserDatabase): readonly number[] {
  return groups.filter(({ members }) => members.includes(name)).map(({ gid }) => gid);
}

/**
 * `group` empty: the user's own. Named users also get the groups that list them, as login gives them; numbers do not.
 * Throws UsageError for names and files that are not in the image.
 */
export function resolveUser(
  request: { readonly user: string; readonly group: string; readonly gids: readonly number[] },
  database: UserDatabase,
  app: string,
): ResolvedUser {
  const fail = (reason: string) => new UsageError(`Cannot start app "${app}": ${reason}`);
  const user = request.user === "" ? "0" : request.user;
  const found = findUser(user, database);
  if (found === undefined) {
    throw fail(
      user.startsWith("/")
        ? `user is the owner of "${user}", which is not in the image`
        : `user "${user}" is not in the image's /etc/passwd`,
    );
  }
  const { uid, entry, isNamed } = found;
  const { group } = request;
  const gid = group === "" ? (entry?.gid ?? 0) : findGroup(group, database);
  if (gid === undefined) {
    throw fail(
      group.startsWith("/")
        ? `group is that of "${group}", which is not in the image`
        : `group "${group}" is not in the image's /etc/group`,
    );
  }
  const listed = isNamed ? groupsWith(entry?.name ?? "", database) : [];
  return { uid, gid, gids: [...new Set([...request.gids, ...listed])], entry };
}

/** The image's own users, from its mounted root. */
export function readUserDatabase(root: RootDirectory): UserDatabase {
  return {
    users: parsePasswd(root.readText("/etc/passwd") ?? ""),
    groups: parseGroup(root.readText("/etc/group") ?? ""),
    owner: (path) => root.owner(path),
  };
}

/** passwd(5). Lines that are not entries are skipped, as libc does. */
export function parsePasswd(text: string): readonly PasswdEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , uid = "", gid = "", , home = "", shell = ""] = line.split(":");
    return name !== "" && isId(uid) && isId(gid)
      ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }]
      : [];
  });
}

/** group(5). */
export function parseGroup(text: string): readonly GroupEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , gid = "", members = ""] = line.split(":");
    return name !== "" && isId(gid)
      ? [{ name, gid: Number(gid), members: members.split(",").filter((member) => member !== "") }]
      : [];
  });
}

function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= MAX_ID;
}
