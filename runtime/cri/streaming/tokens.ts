// SPDX-License-Identifier: Apache-2.0
// One-use tokens: who knows one may begin the session that it stands for, once and soon.
import { randomBytes } from "node:crypto";
import { CoreflyError } from "../../errors.ts";
import type { Clock } from "../../system/clock.ts";

export const TOKEN_LIFE_MS = 60_000;
export const MAX_TOKENS = 1000;

export class Tokens<Value> {
  readonly #clock: Pick<Clock, "monotonic">;
  /** In the order in which they end. */
  readonly #waiting = new Map<string, { readonly value: Value; readonly endsAtMs: number }>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.#clock = clock;
  }

  /** Throws when too many clients have asked and not come. */
  issue(value: Value): string {
    this.#forgetEnded();
    if (this.#waiting.size >= MAX_TOKENS) {
      throw new CoreflyError(
        "NETWORK",
        `Cannot begin a streaming session: ${MAX_TOKENS} wait for their clients already`,
      );
    }
    const token = randomBytes(24).toString("base64url");
    this.#waiting.set(token, { value, endsAtMs: this.#clock.monotonic() + TOKEN_LIFE_MS });
    return token;
  }

  /** undefined for a token that never was, was taken, or is too old. */
  take(token: string): Value | undefined {
    this.#forgetEnded();
    const found = this.#waiting.get(token);
    this.#waiting.delete(token);
    return found?.value;
  }

  #forgetEnded(): void {
    const now = this.#clock.monotonic();
    for (const [token, { endsAtMs }] of this.#waiting) {
      if (endsAtMs > now) {
        return;
      }
      this.#waiting.delete(token);
    }
  }
}
