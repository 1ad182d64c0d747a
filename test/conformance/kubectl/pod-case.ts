// SPDX-License-Identifier: Apache-2.0
// A pod that says in its logs what it found, and what that is to be with either CRI server.
import type { PodSpec } from "./place.ts";

/** A pod that ends by itself. What is compared: how it and its containers ended, and their logs. */
export interface PodCase {
  readonly name: string;
  readonly what: string;
  readonly spec: PodSpec;
  /** The log of each container. */
  readonly logs: Readonly<Record<string, string>>;
  /** Exit code and reason of those that do not end with "0 Completed". */
  readonly ended?: Readonly<Record<string, string>>;
  readonly phase?: "Succeeded" | "Failed";
  readonly restarts?: Readonly<Record<string, number>>;
  /** Why the other server is not asked. */
  readonly oursOnly?: string;
}
