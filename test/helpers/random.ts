// SPDX-License-Identifier: Apache-2.0
// Random numbers that can be had again: a test prints its seed, and COREFLY_SEED repeats it.
import { randomInt } from "node:crypto";

/** COREFLY_SEED, or a new one: 0 to 2³²−1. */
export function seedOfRun(): number {
  const text = process.env["COREFLY_SEED"];
  if (text === undefined) return randomInt(2 ** 32);
  const seed = Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed >= 2 ** 32) {
    throw new Error(`Cannot use COREFLY_SEED="${text}": expected 0 to ${2 ** 32 - 1}`);
  }
  return seed;
}

/** Numbers from 0 up to 1: a linear congruential generator with the constants of Numerical Recipes, top bits first. */
export function randomSequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
