// SPDX-License-Identifier: Apache-2.0
// Presses a machine's buttons through QEMU's monitor (QMP).

import { connect } from "node:net";
import { createInterface } from "node:readline";
import { MACHINE_FILES } from "../../platforms/qemu/plan/machine.ts";

/** The power button asks the guest to power down, the reset button asks nobody. */
export type Button = "system_powerdown" | "system_reset";

/**
 * Returns when QEMU has taken the request, throws when it does not or takes longer than `timeoutMs`. The socket is reached through the process's
 * working directory, because paths of sockets end at 107 bytes.
 */
export async function pressButton(pid: number, button: Button, timeoutMs: number): Promise<void> {
  const socket = connect(`/proc/${pid}/cwd/${MACHINE_FILES.qmp}`);
  socket.setTimeout(timeoutMs, () => socket.destroy(new Error("QEMU's monitor does not answer")));
  try {
    const failed = new Promise<never>((_, reject) => socket.once("error", reject));
    await Promise.race([converse(socket, button), failed]);
  } finally {
    socket.destroy();
  }
}

async function converse(socket: ReturnType<typeof connect>, button: Button): Promise<void> {
  const send = (command: string) => socket.write(`${JSON.stringify({ execute: command })}\n`);
  let answers = 0;
  for await (const line of createInterface({ input: socket })) {
    const message: Readonly<Record<string, unknown>> = { ...JSON.parse(line) };
    if ("QMP" in message) send("qmp_capabilities");
    if ("error" in message) {
      throw new Error(`QEMU refuses ${button}: ${JSON.stringify(message["error"])}`);
    }
    if (!("return" in message)) continue;
    answers += 1;
    if (answers === 2) return;
    send(button);
  }
}
