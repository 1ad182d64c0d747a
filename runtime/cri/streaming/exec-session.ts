// SPDX-License-Identifier: Apache-2.0
// An exec session: a client's streams on one side, a new process in a container on the other.
import type { Readable, Writable } from "node:stream";
import type { ContainerRecord } from "../../pod/container-record.ts";
import { type StreamedProcess, startExec } from "../../stage1/oci/exec-stream.ts";
import { DEFAULT_TERMINAL_SIZE, type TerminalSize } from "../../stage1/oci/terminal.ts";
import type { CriContext } from "../context.ts";
import { grpcStatus } from "../errors.ts";
import { execProcess } from "../pods/exec-process.ts";
import { runningContainer } from "../pods/running-container.ts";
import {
  type CommandStreams,
  onTerminalSize,
  openCommandStreams,
  type WantedStreams,
} from "./command-streams.ts";
import { drained, pump } from "./pump.ts";
import type { Client } from "./server.ts";
import type { Outcome } from "./status.ts";

export interface ExecRequest extends WantedStreams {
  readonly cmd: readonly string[];
}

/** Programs ask for the size when they start: the client's is waited for, but not for long. */
const FIRST_SIZE_MS = 250;

/** From the client's coming to its end. A client that leaves takes its side of the process's streams with it. */
export async function execSession(
  context: CriContext,
  record: ContainerRecord,
  request: ExecRequest,
  client: Client,
): Promise<void> {
  const streams = await openCommandStreams(client, request);
  if (streams === undefined) {
    context.log.warn("A client of exec did not open its streams in time", { container: record.id });
    return;
  }
  const outcome = await run(context, record, request, streams);
  context.log.debug("Command ended", {
    container: record.id,
    ...(outcome.kind === "exited" ? { code: outcome.exitCode } : { error: outcome.message }),
  });
  await streams.finish(outcome);
}

async function run(
  context: CriContext,
  record: ContainerRecord,
  request: ExecRequest,
  streams: CommandStreams,
): Promise<Outcome> {
  try {
    const process = await start(context, record, request, streams);
    return { kind: "exited", exitCode: await follow(context, process, streams) };
  } catch (error) {
    return { kind: "failed", message: grpcStatus(error).details };
  }
}

async function start(
  context: CriContext,
  record: ContainerRecord,
  request: ExecRequest,
  streams: CommandStreams,
): Promise<StreamedProcess> {
  let size: TerminalSize | undefined;
  let changed = (next: TerminalSize): void => {
    size = next;
  };
  const { resize } = streams;
  if (resize !== undefined) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, FIRST_SIZE_MS);
      onTerminalSize(resize, (next) => {
        changed(next);
        clearTimeout(timer);
        resolve();
      });
    });
  }
  const startSize = size ?? DEFAULT_TERMINAL_SIZE;
  // Between the offer and its taking up to a minute may pass.
  runningContainer(context, record.id, "run a command");
  const { process, scratchDir } = await execProcess(context, record, request.cmd, request.tty);
  const started = await startExec(context.system, context.crun, {
    id: record.id,
    scratchDir,
    stdin: request.stdin,
    process: request.tty
      ? { ...process, env: withTerm(process.env), consoleSize: startSize }
      : process,
  });
  if (size !== undefined && size !== startSize) {
    started.resize(size);
  }
  changed = started.resize;
  return started;
}

/** Every terminal is at least one; images rarely say so themselves. */
function withTerm(env: readonly string[]): readonly string[] {
  return env.some((each) => each.startsWith("TERM=")) ? env : [...env, "TERM=xterm"];
}

async function follow(
  context: CriContext,
  process: StreamedProcess,
  streams: CommandStreams,
): Promise<number> {
  const hangUp = () => process.hangUp();
  if (streams.closed.aborted) {
    hangUp();
  } else {
    streams.closed.addEventListener("abort", hangUp, { once: true });
  }
  if (streams.stdin !== undefined) {
    if (process.stdin === undefined) {
      streams.stdin.resume();
    } else {
      pump(streams.stdin, process.stdin);
    }
  }
  const isStarted = await process.started;
  const wanted = (to: Writable | undefined) => (isStarted ? to : undefined);
  const outputs = [
    output(process.stdout, wanted(streams.stdout)),
    ...(process.stderr === undefined ? [] : [output(process.stderr, wanted(streams.stderr))]),
  ];
  const exitCode = await process.ended;
  await Promise.all(outputs.map(([from, to]) => drained(context.system.clock, from, to)));
  process.hangUp();
  return exitCode;
}

function output(
  from: Readable,
  to: Writable | undefined,
): readonly [Readable, Writable | undefined] {
  if (to === undefined) {
    from.resume();
  } else {
    pump(from, to);
  }
  return [from, to];
}
