// SPDX-License-Identifier: Apache-2.0
// Presses a machine's power button through QEMU's monitor.

import { connect } from "node:net";
import { createInterface } from "node:readline";
import { MACHINE_FILES } from "../../platforms/qemu/plan/machine.ts";

/**
 * Asks the guest to power down; returns when QEMU has taken the request. The socket is reached through the process's
 * working directory, because paths of sockets end at 107 bytes.
 */
export async function pressPowerButton(pid: number, timeoutMs: number): Promise<void> {
  const socket = connect(`/proc/${pid}/cwd/${MACHINE_FILES.qmp}`);
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("QEMU's monitor does not answer")));
  try {
    const failed = new Promise<never>((_, reject) => socket.once("error", reject));
    await Promise.race([converse(socket), failed]);
  } finally {
    socket.destroy();
  }
}

async function converse(socket: ReturnType<typeof connect>): Promise<void> {
  const send = (command: string) => socket.write(`${JSON.stringify({ execute: command })}\n`);
  let answers = 0;
  for await (const line of createInterface({ input: socket })) {
    const message: Readonly<Record<string, unknown>> = { ...JSON.parse(line) };
    if ("QMP" in message) send("qmp_capabilities");
    if ("error" in message) {
      throw new Error(`QEMU refuses to power down: ${JSON.stringify(message["error"])}`);
    }
    if (!("return" in message)) continue;
    answers += 1;
    if (answers === 2) return;
    send("system_powerdown");
  }
}
