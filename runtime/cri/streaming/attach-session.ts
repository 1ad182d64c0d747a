// SPDX-License-Identifier: Apache-2.0
// An attach session: a client's streams on one side, those of a container's first process on the other.
import { type AttachedApp, attachToApp } from "../../stage1/oci/attached-app.ts";
import { attachSocket } from "../../stage1/oci/conmon.ts";
import { resizeTerminal } from "../../stage1/oci/monitor-control.ts";
import type { TerminalSize } from "../../stage1/oci/terminal.ts";
import type { CriContext } from "../context.ts";
import { grpcStatus } from "../errors.ts";
import { appDir, attachDir } from "../pods/paths.ts";
import type { Container } from "../pods/pod-table.ts";
import {
  type CommandStreams,
  onTerminalSize,
  openCommandStreams,
  type WantedStreams,
} from "./command-streams.ts";
import { drained, pump } from "./pump.ts";
import type { Client } from "./server.ts";
import { type Outcome, SUCCESS } from "./status.ts";

/** From the client's coming to its end, or the container's. The container does not end with it. */
export async function attachSession(
  context: CriContext,
  container: Container,
  request: WantedStreams,
  client: Client,
): Promise<void> {
  const streams = await openCommandStreams(client, request);
  if (streams === undefined) {
    const { id } = container.record;
    context.log.warn("A client of attach did not open its streams in time", { container: id });
    return;
  }
  await streams.finish(await run(context, container, streams));
}

async function run(
  context: CriContext,
  container: Container,
  streams: CommandStreams,
): Promise<Outcome> {
  try {
    const { id } = container.record;
    const socket = attachSocket({ socketDir: attachDir(context.paths), id });
    const app = attachToApp(context.system, socket);
    await follow(context, container, app, streams);
    return SUCCESS;
  } catch (error) {
    return { kind: "failed", message: grpcStatus(error).details };
  }
}

async function follow(
  context: CriContext,
  container: Container,
  app: AttachedApp,
  streams: CommandStreams,
): Promise<void> {
  if (streams.closed.aborted) {
    app.close();
  } else {
    streams.closed.addEventListener("abort", () => app.close(), { once: true });
  }
  app.stdin.on("error", () => {});
  if (streams.resize !== undefined) {
    resizeWith(context, container, streams.resize);
  }
  if (streams.stdin !== undefined) {
    if (container.config.stdin) {
      pump(streams.stdin, app.stdin);
    } else {
      streams.stdin.resume();
    }
  }
  const outputs = [
    [app.stdout, streams.stdout],
    [app.stderr, streams.stderr],
  ] as const;
  for (const [from, to] of outputs) {
    if (to === undefined) {
      from.resume();
    } else {
      pump(from, to);
    }
  }
  await app.ended;
  await Promise.all(outputs.map(([from, to]) => drained(context.system.clock, from, to)));
}

/** One size after the other, less those that a newer one has overtaken. */
function resizeWith(
  context: CriContext,
  container: Container,
  sizes: NonNullable<CommandStreams["resize"]>,
): void {
  const { id, podUuid } = container.record;
  const bundle = appDir(context.paths, podUuid, id);
  let wanted: TerminalSize | undefined;
  let isResizing = false;
  const resize = async () => {
    isResizing = true;
    for (let size = wanted; size !== undefined; size = wanted) {
      wanted = undefined;
      try {
        await resizeTerminal(context.system, { id, bundle }, size);
      } catch (error) {
        context.log.debug("Cannot resize a terminal", { container: id, error: String(error) });
      }
    }
    isResizing = false;
  };
  onTerminalSize(sizes, (size) => {
    wanted = size;
    if (!isResizing) {
      void resize();
    }
  });
}
