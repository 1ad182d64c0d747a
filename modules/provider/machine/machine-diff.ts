// SPDX-License-Identifier: Apache-2.0
// What would become of a machine: nothing, a restart, or a new one, and because of what. Ignition runs once in a machine's
// life, so another config is another machine; which file or unit it is about is said by name, and its contents never.

import { changedEntries, namedEntries } from "../../ignition/named-entries.ts";
import { serialOfDisk } from "../../platforms/qemu/plan/machine.ts";
import { diffBySchema } from "../diff.ts";
import type { DiffKind, DiffResult } from "../handler.ts";
import { type PropertyValues, sameValue, UNKNOWN } from "../property-value.ts";
import { listOf, mapOf, optionalText } from "../read-values.ts";
import type { ResourceSchema } from "../resource-schema.ts";

export interface MachineDiff {
  readonly diff: DiffResult;
  /** Why the machine is made anew; empty if it is not. */
  readonly reasons: readonly string[];
}

/** `otherDisks`: places in `disks` of those that are not the ones any more that Ignition saw. */
export function diffMachine(
  olds: PropertyValues,
  news: PropertyValues,
  schema: ResourceSchema,
  otherDisks: readonly number[],
): MachineDiff {
  const all = diffBySchema(olds, news, schema);
  const config = all.replaces.includes("ignition");
  const told = config && isTold(olds) && Object.keys(all.detailed).some(isContents);
  const disks = otherDisks.map((index) => [`disks[${index}]`, "update"] as const);
  // Digests alone change nothing, and where there are some, two secrets say no more than they do.
  const hidden = told ? "ignition" : "contents";
  const shown = Object.entries(all.detailed).filter(([path]) => rootOf(path) !== hidden);
  const detailed: Record<string, DiffKind> = Object.fromEntries([...shown, ...disks]);
  const roots = new Set(Object.keys(detailed).map(rootOf));
  const replaces = [
    ...all.replaces.filter((name) => name !== "ignition"),
    ...(config ? [told ? "contents" : "ignition"] : []),
    ...(disks.length > 0 ? ["disks"] : []),
  ].filter((name) => roots.has(name));
  return {
    diff: { changes: roots.size > 0, replaces, detailed },
    reasons: [
      ...(replaces.includes("image") ? ["its image"] : []),
      ...(config ? configReasons(olds, news) : []),
      ...otherDisks.map((index) => `disk ${diskName(news, index)}, which is another one`),
    ],
  };
}

function diskName(news: PropertyValues, index: number): string {
  const path = listOf(news, "disks")[index];
  return typeof path === "string" ? serialOfDisk(path) : `${index + 1}`;
}

function configReasons(olds: PropertyValues, news: PropertyValues): readonly string[] {
  const parts = isTold(olds) ? changedNames(mapOf(olds, "contents"), mapOf(news, "contents")) : [];
  if (parts.length > 0) return parts;
  const [old, next] = [optionalText(olds, "ignition"), optionalText(news, "ignition")];
  const known = old === undefined || next === undefined ? [] : changedParts(old, next);
  return known.length > 0 ? known : ["its config"];
}

/** Whether digests of the old config's parts are known. */
function isTold(olds: PropertyValues): boolean {
  return Object.keys(mapOf(olds, "contents")).length > 0;
}

function isContents(path: string): boolean {
  return rootOf(path) === "contents";
}

function changedNames(olds: PropertyValues, news: PropertyValues): readonly string[] {
  return ["keys", "config"].flatMap((kind) => {
    if (news[kind] === UNKNOWN) return [];
    const [old, next] = [mapOf(olds, kind), mapOf(news, kind)];
    const names = new Set([...Object.keys(old), ...Object.keys(next)]);
    return [...names].filter((name) => !sameValue(old[name], next[name]));
  });
}

function changedParts(old: string, next: string): readonly string[] {
  return changedEntries(namedEntries(parse(old)), namedEntries(parse(next)));
}

/** Ignition itself says at boot what is wrong with a text that is no JSON. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (Object(error).name === "SyntaxError") return undefined;
    throw error;
  }
}

function rootOf(path: string): string {
  return /^[^.[]+/.exec(path)?.[0] ?? path;
}

const MAX_NAMED = 12;

/** `file /etc/motd, unit kubelet.service`; of a long list its beginning. */
export function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
