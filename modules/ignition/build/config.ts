// SPDX-License-Identifier: Apache-2.0
// A whole config from lists of what the builders make.
import type {
  Directory,
  Disk,
  File,
  Filesystem,
  Group,
  IgnitionConfig,
  KernelArguments,
  Link,
  Passwd,
  Storage,
  Systemd,
  Unit,
  User,
} from "ignition-config-types";
import { minimumVersion, oldestWritten } from "../version.ts";

/** What a config is made of; each part is optional. */
export interface Parts {
  readonly files?: readonly File[];
  readonly directories?: readonly Directory[];
  readonly links?: readonly Link[];
  readonly disks?: readonly Disk[];
  readonly filesystems?: readonly Filesystem[];
  readonly units?: readonly Unit[];
  readonly users?: readonly User[];
  readonly groups?: readonly Group[];
  readonly kernelArguments?: KernelArguments;
}

/** A config of the lowest spec version that carries the parts. Does not validate. */
export function build(parts: Parts): IgnitionConfig {
  const { kernelArguments } = parts;
  const storage: Storage = {
    ...list("files", parts.files),
    ...list("directories", parts.directories),
    ...list("links", parts.links),
    ...list("disks", parts.disks),
    ...list("filesystems", parts.filesystems),
  };
  const passwd: Passwd = { ...list("users", parts.users), ...list("groups", parts.groups) };
  const systemd: Systemd = { ...list("units", parts.units) };
  const config: IgnitionConfig = {
    ignition: { version: oldestWritten },
    ...(isEmpty(storage) ? {} : { storage }),
    ...(isEmpty(passwd) ? {} : { passwd }),
    ...(isEmpty(systemd) ? {} : { systemd }),
    ...(kernelArguments === undefined ? {} : { kernelArguments }),
  };
  return { ...config, ignition: { version: minimumVersion(config) } };
}

function list<K extends string, T>(name: K, items: readonly T[] = []): Partial<Record<K, T[]>> {
  const fields: Partial<Record<string, T[]>> = items.length === 0 ? {} : { [name]: [...items] };
  return fields;
}

function isEmpty(fields: object): boolean {
  return Object.keys(fields).length === 0;
}
