// SPDX-License-Identifier: Apache-2.0
// Checks a config before a machine boots with it: all that Ignition refuses, and what it takes in silence.
import type { IgnitionConfig } from "ignition-config-types";
import { describeProblems, type Owners } from "../entries.ts";
import type { Finding, Problem } from "../finding.ts";
import { normalise } from "../structure.ts";
import { checkDisks } from "./disks.ts";
import { checkDocument } from "./document.ts";
import { checkDuplicates } from "./duplicates.ts";
import { checkFilesystems } from "./filesystems.ts";
import { checkKernelArguments } from "./kernel-arguments.ts";
import { checkLuks } from "./luks.ts";
import { checkNodes } from "./nodes.ts";
import { checkPasswd } from "./passwd.ts";
import { checkPaths } from "./paths.ts";
import { checkHeaderValues, checkResources } from "./resources.ts";
import { checkSystemd } from "./systemd.ts";

/** Checks a config as a machine would boot with it. Takes any value; never throws. */
export function validate(config: unknown): readonly Finding[] {
  return check(normalise(config), new Map(), "whole");
}

const checks: readonly ((config: IgnitionConfig) => Iterable<Problem>)[] = [
  checkDocument,
  checkDuplicates,
  checkPaths,
  checkNodes,
  checkResources,
  checkDisks,
  checkFilesystems,
  checkLuks,
  checkSystemd,
  checkPasswd,
  checkKernelArguments,
];

/** What `normalise` found. */
export interface Checkable {
  readonly config: IgnitionConfig;
  readonly problems: readonly Problem[];
}

/**
 * Checks a normalised config, naming owners. A fragment will be merged over another config, so what only makes sense there
 * is fine in it.
 */
export function check(
  { config, problems }: Checkable,
  owners: Owners,
  extent: "whole" | "fragment",
): readonly Finding[] {
  // Indexes of a structure that does not fit are not those of the normalised one: report nothing else
  if (problems.some((problem) => problem.code === "ErrInvalid")) {
    return describeProblems(config, problems, owners);
  }
  const found = [...problems, ...checks.flatMap((run) => [...run(config)])];
  if (extent === "whole") found.push(...checkHeaderValues(config));
  return describeProblems(config, found, owners);
}
