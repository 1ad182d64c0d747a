// SPDX-License-Identifier: Apache-2.0
// What a container's monitor is told, from its record and configuration.
import type { ConmonOptions } from "../../stage1/oci/conmon.ts";
import type { CriContext } from "../context.ts";
import { appDir, attachDir, endDir, exitsDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";

export function conmonOptions(context: CriContext, container: Container): ConmonOptions {
  const { record, config } = container;
  const directory = appDir(context.paths, record.podUuid, record.id);
  return {
    id: record.id,
    name: record.name,
    bundle: directory,
    persistDir: endDir(context.paths, record.id),
    exitDir: exitsDir(context.paths),
    socketDir: attachDir(context.paths),
    logPath: record.logPath === "" ? undefined : record.logPath,
    terminal: config.tty,
    stdin: config.stdin,
    leaveStdinOpen: config.stdin && !config.stdinOnce,
  };
}
