// SPDX-License-Identifier: Apache-2.0
// Users and groups.
import type { Group, User } from "ignition-config-types";

/** Options of {@link user}: Ignition's own fields. */
export type UserOptions = Omit<User, "name">;

/** A user, made if the system has none of that name, changed otherwise. */
export function user(name: string, options: UserOptions = {}): User {
  return { name, ...options };
}

/** Options of {@link group}: Ignition's own fields. */
export type GroupOptions = Omit<Group, "name">;

/** A group, made if the system has none of that name, changed otherwise. */
export function group(name: string, options: GroupOptions = {}): Group {
  return { name, ...options };
}
