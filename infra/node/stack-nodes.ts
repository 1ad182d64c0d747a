// SPDX-License-Identifier: Apache-2.0
// The nodes of a stack, and where the workstation keeps what they say.

import { join } from "node:path";
import {
  folderName,
  type MachineFolder,
  machineFolder,
} from "../../modules/provider/machine/machine-folder.ts";
import { namesIn } from "./lines.ts";

/** Paths of what belongs to a node. */
export interface NodeFiles extends MachineFolder {
  readonly name: string;
}

/** In the order of their names. `folder` is the stack's. */
export async function stackNodes(folder: string): Promise<readonly NodeFiles[]> {
  const names = await namesIn(join(folder, "nodes"));
  return names
    .flatMap(nameOf)
    .sort()
    .map((name) => ({ name, ...machineFolder(folder, name) }));
}

/** The name that a folder stands for; nothing of a folder that is none of ours. */
function nameOf(folder: string): readonly string[] {
  try {
    const name = decodeURIComponent(folder);
    return folderName(name) === folder ? [name] : [];
  } catch {
    return [];
  }
}

/** The node with this name; without a name the only one. Throws with the names that there are. */
export async function findNode(
  folder: string,
  stack: string,
  name: string | undefined,
): Promise<NodeFiles> {
  const nodes = await stackNodes(folder);
  const known = nodes.map((node) => node.name).join(", ");
  if (nodes.length === 0) {
    throw new Error(`Cannot find a node: stack "${stack}" has none`);
  }
  const found =
    name === undefined && nodes.length === 1 ? nodes[0] : nodes.find((node) => node.name === name);
  if (found === undefined) {
    const what = name === undefined ? "a node without its name" : `node "${name}"`;
    throw new Error(`Cannot find ${what}: stack "${stack}" has ${known}`);
  }
  return found;
}
