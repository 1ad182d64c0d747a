// SPDX-License-Identifier: Apache-2.0
// From the cpu time that the kernel counts to cores in use: the difference between two questions.

interface Sample {
  readonly cpuNs: bigint;
  readonly timestamp: bigint;
  readonly rate: bigint | undefined;
}

/** Two questions closer than this share an answer: the kernel's figures are not that fine. */
const LEAST_INTERVAL_NS = 500_000_000n;

export class CpuRates {
  readonly #samples = new Map<string, Sample>();

  /** Nanocores (billionths of a core) since the last question; undefined at the first. */
  rate(id: string, cpuNs: bigint | undefined, timestamp: bigint): bigint | undefined {
    if (cpuNs === undefined) {
      return undefined;
    }
    const last = this.#samples.get(id);
    if (last === undefined) {
      this.#samples.set(id, { cpuNs, timestamp, rate: undefined });
      return undefined;
    }
    const elapsed = timestamp - last.timestamp;
    if (elapsed < LEAST_INTERVAL_NS) {
      return last.rate;
    }
    const used = cpuNs > last.cpuNs ? cpuNs - last.cpuNs : 0n;
    const rate = (used * 1_000_000_000n) / elapsed;
    this.#samples.set(id, { cpuNs, timestamp, rate });
    return rate;
  }

  forget(id: string): void {
    this.#samples.delete(id);
  }
}
