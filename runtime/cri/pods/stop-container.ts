// SPDX-License-Identifier: Apache-2.0
// StopContainer: asks, waits as long as it was told, then kills. Answers when the container is dead and recorded so.
import { TimeoutError } from "../../errors.ts";
import { crunKill, crunKillAll } from "../../stage1/oci/crun.ts";
import { NamespaceMode } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { exitOf, noticeExit } from "./container-exit.ts";
import { containerLock } from "./container-record-update.ts";
import type { Container } from "./pod-table.ts";
import { StopRequest } from "./stop-request.ts";

const SIGKILL = 9;
/** A killed process that does not end is in the kernel's hands (a dead disk or NFS server); we do not wait for ever. */
const KILL_WAIT_MS = 30_000;
const KILL_REPEAT_MS = 1000;

/**
 * Idempotent. A second stop joins the first and may shorten its grace. It goes on when the client has given up, as the
 * kubelet expects.
 */
export async function stopContainer(
  context: CriContext,
  container: Container,
  graceMs: number,
): Promise<void> {
  if (container.record.state === "starting" || container.record.state === "created") {
    // A start may be under way: what comes of it is stopped.
    await context.locks.run(containerLock(container), async () => {});
  }
  if (container.record.state !== "running") {
    return;
  }
  if (container.stop !== undefined) {
    container.stop.shorten(graceMs);
    await container.stop.done;
    return;
  }
  const request = new StopRequest(context.system.clock, graceMs);
  container.stop = request;
  request.done = carryOut(context, container, request, graceMs).finally(() => {
    container.stop = undefined;
  });
  await request.done;
}

async function carryOut(
  context: CriContext,
  container: Container,
  request: StopRequest,
  graceMs: number,
): Promise<void> {
  const ended = exitOf(container);
  if (graceMs > 0) {
    await signal(context, container, container.record.stopSignal);
    if (!(await request.graceIsOver(ended))) {
      return;
    }
  }
  const { clock } = context.system;
  const deadline = clock.monotonic() + KILL_WAIT_MS;
  let isDead = false;
  const end = ended.then(() => {
    isDead = true;
  });
  while (!isDead) {
    if (clock.monotonic() > deadline) {
      throw new TimeoutError(
        `Cannot stop container "${container.record.name}": it did not end ${KILL_WAIT_MS / 1000} s after SIGKILL`,
      );
    }
    await kill(context, container);
    const waiting = new AbortController();
    await Promise.race([
      end,
      clock.sleep(KILL_REPEAT_MS, { signal: waiting.signal }).catch(() => {}), // given up below
    ]);
    waiting.abort();
    if (!isDead) {
      await noticeExit(context, container);
    }
  }
}

/** Without a pid namespace of its own the death of its first process does not end the others. */
async function kill(context: CriContext, container: Container): Promise<void> {
  const { system, crun } = context;
  const mode = container.config.linux?.securityContext?.namespaceOptions?.pid;
  if (mode === undefined || mode === NamespaceMode.CONTAINER) {
    await signal(context, container, SIGKILL);
    return;
  }
  await crunKillAll(system, crun, container.record.id, SIGKILL);
}

async function signal(context: CriContext, container: Container, number: number): Promise<void> {
  const { system, crun } = context;
  if (!(await crunKill(system, crun, container.record.id, number))) {
    await noticeExit(context, container);
  }
}
