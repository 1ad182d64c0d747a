// SPDX-License-Identifier: Apache-2.0
// What many measurements say in one figure.

/** The value below which the share `q` of the values lies; throws when there is none. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) {
    throw new Error("Cannot take a quantile of nothing");
  }
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
