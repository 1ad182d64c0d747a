// SPDX-License-Identifier: Apache-2.0
// The form of a metric: what it is called and labelled, and how it follows from a sample.

/** One value, with the values of the metric's own labels. */
export interface Point {
  readonly labels: readonly string[];
  readonly value: bigint;
}

export interface Metric<Sample> {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  /** Labels besides those that all metrics have. */
  readonly labels: readonly string[];
  /** None where the host does not count it. */
  readonly points: (sample: Sample) => readonly Point[];
}

/** A metric with one value, or none. */
export function plain<Sample>(
  kind: "counter" | "gauge",
  name: string,
  help: string,
  read: (sample: Sample) => bigint | undefined,
): Metric<Sample> {
  const points = (sample: Sample): readonly Point[] => {
    const value = read(sample);
    return value === undefined ? [] : [{ labels: [], value }];
  };
  return { name, help, kind, labels: [], points };
}

/** A metric with a value for each of several things, as devices or interfaces. */
export function labelled<Sample>(
  kind: "counter" | "gauge",
  name: string,
  help: string,
  labels: readonly string[],
  points: (sample: Sample) => readonly Point[],
): Metric<Sample> {
  return { name, help, kind, labels, points };
}

const NS_IN_SECOND = 1_000_000_000n;

/** The CRI has whole numbers only: parts of a second are cut off. */
export function seconds(ns: bigint | undefined): bigint | undefined {
  return ns === undefined ? undefined : ns / NS_IN_SECOND;
}
