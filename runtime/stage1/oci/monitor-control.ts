// SPDX-License-Identifier: Apache-2.0
// What a running conmon is asked to do, by lines in its fifos.
//
// conmon (2.1.6) reads several lines at once and then carries out the first of them as many times. So each goes alone: a line
// is written when the one before it has been read. And sizes go past `ctl`, from which conmon would copy them into `winsz`,
// one behind the other.
import { InternalError, PodStateError, TimeoutError } from "../../errors.ts";
import { O_NONBLOCK, O_WRONLY } from "../../system/constants.ts";
import { isMissing } from "../../system/files.ts";
import { errnoOf } from "../../system/kernel.ts";
import type { System } from "../../system/system.ts";

export interface MonitoredApp {
  /** crun's id of the container. */
  readonly id: string;
  /** Where conmon has its fifos. */
  readonly bundle: string;
}

const REOPEN_WAIT_MS = 5000;
/** conmon reads at once unless it is held back itself: by a client that does not read, or a stopped machine. */
const READ_WAIT_MS = 30_000;
const POLL_MS = 2;

/** Has conmon close its log and open the path anew: after the kubelet has renamed it. Returns once the new file is there. */
export async function reopenLog(
  system: System,
  app: MonitoredApp & { readonly logPath: string },
): Promise<void> {
  await writeLine(system, app, "ctl", "2 0 0\n");
  const deadline = system.clock.monotonic() + REOPEN_WAIT_MS;
  while (!(await system.files.exists(app.logPath))) {
    if (system.clock.monotonic() > deadline) {
      throw new InternalError(`Cannot reopen the log of app "${app.id}": conmon did not`);
    }
    await system.clock.sleep(5);
  }
}

/** Sets the size of a container's terminal. One call at a time for an app. */
export async function resizeTerminal(
  system: System,
  app: MonitoredApp,
  size: { readonly width: number; readonly height: number },
): Promise<void> {
  await writeLine(system, app, "winsz", `${size.height} ${size.width}\n`);
}

async function writeLine(
  system: System,
  app: MonitoredApp,
  fifo: "ctl" | "winsz",
  line: string,
): Promise<void> {
  const { files, kernel, clock } = system;
  const fd = openFifo(system, app, fifo);
  try {
    const deadline = clock.monotonic() + READ_WAIT_MS;
    while (kernel.unreadBytes(fd) > 0) {
      if (clock.monotonic() > deadline) {
        throw new TimeoutError(
          `Cannot control app "${app.id}": its monitor did not read within ${READ_WAIT_MS / 1000} s`,
        );
      }
      await clock.sleep(POLL_MS);
    }
    files.writeSync(fd, line);
  } finally {
    files.closeSync(fd);
  }
}

function openFifo(system: System, app: MonitoredApp, fifo: string): number {
  try {
    // Without O_NONBLOCK this would wait for ever when the monitor, the reader, is gone.
    return system.files.openSync(`${app.bundle}/${fifo}`, O_WRONLY | O_NONBLOCK);
  } catch (cause) {
    if (errnoOf(cause) === "ENXIO" || isMissing(cause)) {
      throw new PodStateError(`Cannot control app "${app.id}": its monitor does not run`, {
        cause,
      });
    }
    throw cause;
  }
}
