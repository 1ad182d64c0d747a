// SPDX-License-Identifier: Apache-2.0
// Users and groups as images name them: looked up in the image's own passwd and group, by number, or by the owner of a file.
import { UsageError } from "../errors.ts";
import type { RootDirectory } from "../stage1/root-directory.ts";

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

const MAX_ID = 4_294_967_294;

/**
 * `group` empty: the user's own. Named users also get the groups that list them, as login gives them; numbers do not.
 * Throws UsageError for names and files that are not in the image.
 */
export function resolveUser(
  request: { readonly user: string; readonly group: string; readonly gids: readonly number[] },
  database: UserDatabase,
  app: string,
): ResolvedUser {
  const { uid, entry, named } = resolveUid(request.user === "" ? "0" : request.user, database, app);
  const gid = request.group === "" ? (entry?.gid ?? 0) : resolveGid(request.group, database, app);
  const listed = named
    ? database.groups.filter(({ members }) => members.includes(entry?.name ?? "")).map((g) => g.gid)
    : [];
  return { uid, gid, gids: [...new Set([...request.gids, ...listed])], entry };
}

function resolveUid(
  user: string,
  { users, owner }: UserDatabase,
  app: string,
): { uid: number; entry: PasswdEntry | undefined; named: boolean } {
  const byUid = (uid: number) => users.find((entry) => entry.uid === uid);
  if (user.startsWith("/")) {
    const found = owner(user);
    if (found === undefined) {
      throw new UsageError(
        `Cannot start app "${app}": user is the owner of "${user}", which is not in the image`,
      );
    }
    return { uid: found.uid, entry: byUid(found.uid), named: false };
  }
  const entry = users.find(({ name }) => name === user);
  if (entry !== undefined) {
    return { uid: entry.uid, entry, named: true };
  }
  if (/^\d{1,10}$/.test(user) && Number(user) <= MAX_ID) {
    return { uid: Number(user), entry: byUid(Number(user)), named: false };
  }
  throw new UsageError(
    `Cannot start app "${app}": user "${user}" is not in the image's /etc/passwd`,
  );
}

function resolveGid(group: string, { groups, owner }: UserDatabase, app: string): number {
  if (group.startsWith("/")) {
    const found = owner(group);
    if (found === undefined) {
      throw new UsageError(
        `Cannot start app "${app}": group is that of "${group}", which is not in the image`,
      );
    }
    return found.gid;
  }
  const entry = groups.find(({ name }) => name === group);
  if (entry !== undefined) {
    return entry.gid;
  }
  if (/^\d{1,10}$/.test(group) && Number(group) <= MAX_ID) {
    return Number(group);
  }
  throw new UsageError(
    `Cannot start app "${app}": group "${group}" is not in the image's /etc/group`,
  );
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
    return name !== "" && /^\d+$/.test(uid) && /^\d+$/.test(gid)
      ? [{ name, uid: Number(uid), gid: Number(gid), home, shell }]
      : [];
  });
}

/** group(5). */
export function parseGroup(text: string): readonly GroupEntry[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", , gid = "", members = ""] = line.split(":");
    return name !== "" && /^\d+$/.test(gid)
      ? [{ name, gid: Number(gid), members: members.split(",").filter((member) => member !== "") }]
      : [];
  });
}
