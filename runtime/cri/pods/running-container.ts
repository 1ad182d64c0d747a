// SPDX-License-Identifier: Apache-2.0
// Containers for what can be done only while they run.
import { PodStateError } from "../../errors.ts";
import type { CriContext } from "../context.ts";
import type { Container } from "./pod-table.ts";

/** Throws NotFoundError or PodStateError; `doing` as in "run a command". */
export function runningContainer(context: CriContext, id: string, doing: string): Container {
  const container = context.pods.getContainer(id);
  const { name, state } = container.record;
  if (state !== "running") {
    throw new PodStateError(
      `Cannot ${doing} in container "${name}": it is ${state}, expected running`,
    );
  }
  return container;
}
