// SPDX-License-Identifier: Apache-2.0
// Where the time of a request goes: its steps by name, in one line at level "debug".
import type { System } from "../system/system.ts";
import type { Log } from "./log.ts";

export class Steps {
  readonly #context: { readonly system: Pick<System, "clock">; readonly log: Log };
  readonly #took = new Map<string, number>();
  #since: number;

  /** Time runs from here. */
  constructor(context: { readonly system: Pick<System, "clock">; readonly log: Log }) {
    this.#context = context;
    this.#since = context.system.clock.monotonic();
  }

  /** The time since the step before was this one's. */
  done(name: string): void {
    const now = this.#context.system.clock.monotonic();
    this.#took.set(name, (this.#took.get(name) ?? 0) + now - this.#since);
    this.#since = now;
  }

  /** Writes the line. */
  report(rpc: string): void {
    const fields = [...this.#took].map(([name, ms]): [string, string] => [name, ms.toFixed(1)]);
    this.#context.log.debug("Took", { rpc, ...Object.fromEntries(fields) });
  }
}
