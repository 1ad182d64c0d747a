// SPDX-License-Identifier: Apache-2.0
// The streams of an exec or attach session, the same over SPDY and WebSocket, and how clients send a terminal's size.
import type { Readable, Writable } from "node:stream";
import type { TerminalSize } from "../../stage1/oci/terminal.ts";
import type { Client } from "./server.ts";
import { spdyCommandStreams } from "./spdy/command-streams.ts";
import type { Outcome } from "./status.ts";
import { webSocketCommandStreams } from "./websocket/command-streams.ts";

/** Which streams the client asked for in its RPC. */
export interface WantedStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** With a terminal, stdout and stderr are one, and the client sends its size. */
  readonly tty: boolean;
}

/** Those that were asked for, seen from us: stdin is read, stdout and stderr are written. */
export interface CommandStreams {
  readonly stdin: Readable | undefined;
  readonly stdout: Writable | undefined;
  readonly stderr: Writable | undefined;
  readonly resize: Readable | undefined;
  /** Fires when the client is gone. */
  readonly closed: AbortSignal;
  /** Tells the client how it ended, after everything that was written, and closes the connection. */
  finish(outcome: Outcome): Promise<void>;
}

/** Waits until the client has opened them all; undefined when it does not in time, or leaves. */
export async function openCommandStreams(
  client: Client,
  wanted: WantedStreams,
): Promise<CommandStreams | undefined> {
  return client.protocol.kind === "spdy"
    ? await spdyCommandStreams(client, wanted)
    : webSocketCommandStreams(client, client.protocol, wanted);
}

/** JSON objects without objects inside, one after the other; more than this in one piece is none. */
const MAX_SIZE_BYTES = 4096;
const MAX_CELLS = 0xffff;

/** Calls back for each size that the client sends. What is no size is passed over, and so is 0x0. */
export function onTerminalSize(stream: Readable, changed: (size: TerminalSize) => void): void {
  let text = "";
  stream.on("data", (chunk: Buffer) => {
    text += chunk.toString("latin1");
    for (let end = text.indexOf("}"); end >= 0; end = text.indexOf("}")) {
      const size = parseTerminalSize(text.slice(0, end + 1));
      text = text.slice(end + 1);
      if (size !== undefined) {
        changed(size);
      }
    }
    text = text.slice(-MAX_SIZE_BYTES);
  });
}

/** `{"Width":80,"Height":24}` (client-go's remotecommand.TerminalSize). */
export function parseTerminalSize(text: string): TerminalSize | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null || !("Width" in value && "Height" in value)) {
    return undefined;
  }
  const [width, height] = [cells(value.Width), cells(value.Height)];
  return width === undefined || height === undefined ? undefined : { width, height };
}

function cells(value: unknown): number | undefined {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= MAX_CELLS
    ? Number(value)
    : undefined;
}
