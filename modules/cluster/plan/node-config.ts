// SPDX-License-Identifier: Apache-2.0
// A node's finished Ignition config: ours, with the user's snippets merged on top, checked and written as text.

import type { IgnitionConfig } from "ignition-config-types";
import { errorsOf } from "../../ignition/finding.ts";
import { merge, type NamedConfig } from "../../ignition/merge.ts";
import { render } from "../../ignition/render.ts";
import { InvalidArgumentError } from "./invalid-argument-error.ts";

/** Who our part of a config is, in messages. */
const OURS = "corefly";

/**
 * Merges the snippets over `base` by Ignition's rules; a snippet wins.
 *
 * @throws InvalidArgumentError naming the entries in conflict and whose they are
 */
export function nodeConfig(
  base: IgnitionConfig,
  snippets: readonly NamedConfig[],
  argument: string,
): string {
  const { config, findings } = merge({ name: OURS, config: base }, snippets);
  const [error] = errorsOf(findings);
  if (error !== undefined) {
    throw new InvalidArgumentError(argument, error.message);
  }
  return render(config);
}
