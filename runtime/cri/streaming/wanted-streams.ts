// SPDX-License-Identifier: Apache-2.0
// Which streams a client of Exec or Attach may ask for (api.proto, ExecRequest and AttachRequest).
import { UsageError } from "../../errors.ts";
import type { WantedStreams } from "./command-streams.ts";

/** Throws UsageError for none at all, and for stderr beside a terminal, which has only one output. */
export function checkWantedStreams(doing: string, wanted: WantedStreams): void {
  if (!(wanted.stdin || wanted.stdout || wanted.stderr)) {
    throw new UsageError(`Cannot ${doing}: the request asks for none of stdin, stdout and stderr`);
  }
  if (wanted.tty && wanted.stderr) {
    throw new UsageError(`Cannot ${doing}: the request asks for a terminal and stderr`);
  }
}
