// SPDX-License-Identifier: Apache-2.0
// exec and attach over SPDY: the client opens a stream for each role and names it in the header "streamtype".
import type { Duplex } from "node:stream";
import type { CommandStreams, WantedStreams } from "../command-streams.ts";
import { READ_AHEAD_BYTES } from "../read-ahead.ts";
import type { Client } from "../server.ts";
import { statusJson } from "../status.ts";
import { serveSpdy } from "./connection.ts";

export async function spdyCommandStreams(
  client: Client,
  wanted: WantedStreams,
): Promise<CommandStreams | undefined> {
  const roles = expectedRoles(wanted);
  const streams = new Map<string, Duplex>();
  let complete: (isComplete: boolean) => void = () => {};
  const opened = new Promise<boolean>((resolve) => {
    complete = resolve;
  });
  const connection = serveSpdy(client.socket, client.head, {
    limits: client.limits,
    readAheadBytes: READ_AHEAD_BYTES.command,
    onStream: ({ headers, body }) => {
      body.on("error", () => {});
      const role = headers.get("streamtype") ?? "";
      if (!roles.includes(role) || streams.has(role)) {
        body.destroy();
        return;
      }
      streams.set(role, body);
      if (streams.size === roles.length) {
        complete(true);
      }
    },
  });
  const timer = setTimeout(complete, client.limits.creationMs, false);
  connection.closed.addEventListener("abort", () => complete(false));
  const isComplete = await opened;
  clearTimeout(timer);
  if (!isComplete) {
    connection.finish();
    return undefined;
  }
  // The client writes nothing to these; what it sends is thrown away, and so its end is noticed.
  for (const role of ["error", "stdout", "stderr"]) {
    streams.get(role)?.resume();
  }
  return {
    stdin: streams.get("stdin"),
    stdout: streams.get("stdout"),
    stderr: streams.get("stderr"),
    resize: streams.get("resize"),
    closed: connection.closed,
    finish: async (outcome) => {
      streams.get("error")?.end(statusJson(outcome));
      await Promise.all([...streams.values()].map(end));
      connection.finish();
    },
  };
}

function expectedRoles(wanted: WantedStreams): readonly string[] {
  return [
    "error",
    ...(wanted.stdin ? ["stdin"] : []),
    ...(wanted.stdout ? ["stdout"] : []),
    ...(wanted.stderr && !wanted.tty ? ["stderr"] : []),
    ...(wanted.tty ? ["resize"] : []),
  ];
}

/** Resolves when our end is sent, or can no longer be. */
function end(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    stream.once("close", resolve);
    stream.once("finish", resolve);
    if (stream.destroyed || stream.writableFinished) {
      resolve();
    } else if (!stream.writableEnded) {
      stream.end();
    }
  });
}
