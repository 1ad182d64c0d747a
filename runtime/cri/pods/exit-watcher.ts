// SPDX-License-Identifier: Apache-2.0
// Learns of containers' ends: at once from the files that conmon leaves in one directory, and by looking now and then, for
// containers whose monitor was killed and for events that the kernel dropped.
import type { FSWatcher } from "../../system/files.ts";
import type { CriContext } from "../context.ts";
import { noticeExit } from "./container-exit.ts";
import { containerLock, recordFact } from "./container-record-update.ts";
import { exitsDir } from "./paths.ts";
import type { Container } from "./pod-table.ts";
import { noticeInitEnd } from "./stop-sandbox.ts";

const SWEEP_MS = 10_000;

/** Watches until `signal` fires. Failures of one container are logged and do not stop the watch. */
export async function watchExits(context: CriContext, signal: AbortSignal): Promise<void> {
  const { files } = context.system;
  const directory = exitsDir(context.paths);
  await files.mkdirp(directory, { mode: 0o700 });
  const watcher: FSWatcher = files.watch(directory, (_event, name) => {
    if (name !== null) {
      notice(context, name);
    }
  });
  watcher.on("error", (error) =>
    context.log.error("Cannot watch for exits", { error: String(error) }),
  );
  const sweep = setInterval(() => {
    for (const container of context.pods.containers()) {
      if (container.record.state === "running") {
        notice(context, container.record.id);
      }
      if (container.isUnwritten === true) {
        writeLate(context, container);
      }
    }
    for (const sandbox of context.pods.sandboxes()) {
      noticeInitEnd(context, sandbox).catch((error: unknown) => {
        context.log.error("Cannot record the end of a pod", {
          sandbox: sandbox.record.id,
          error: String(error),
        });
      });
    }
  }, SWEEP_MS);
  sweep.unref();
  signal.addEventListener(
    "abort",
    () => {
      clearInterval(sweep);
      watcher.close();
    },
    { once: true },
  );
}

function writeLate(context: CriContext, container: Container): void {
  const write = async (): Promise<void> => {
    // It may have been removed meanwhile.
    if (context.pods.findContainer(container.record.id) === container) {
      await recordFact(context, container, {});
    }
  };
  context.locks.run(containerLock(container), write).catch((error: unknown) => {
    context.log.error("Cannot write down what a container does", {
      container: container.record.id,
      error: String(error),
    });
  });
}

function notice(context: CriContext, id: string): void {
  const container = context.pods.findContainer(id);
  if (container === undefined || container.record.id !== id) {
    return;
  }
  noticeExit(context, container).catch((error: unknown) => {
    context.log.error("Cannot record the end of a container", {
      container: id,
      error: String(error),
    });
  });
}
