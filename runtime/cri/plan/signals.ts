// SPDX-License-Identifier: Apache-2.0
// Signals in three notations: the CRI's enum, what images say ("SIGTERM", "15", "RTMIN+3"), and the kernel's numbers.
import { constants } from "node:os";
import { InvalidManifestError } from "../../errors.ts";
import { Signal } from "../api-schema.ts";

const SIGRTMIN = 34;
const SIGRTMAX = 64;
const SIGTERM = 15;
/** From here on the CRI's enum counts down from SIGRTMAX instead of up from SIGRTMIN. */
const FIRST_NAMED_AFTER_MAX = 50;

/** The number of the signal that the kubelet asks for; undefined for "the image's, or SIGTERM". */
export function signalNumber(signal: Signal): number | undefined {
  if (signal === Signal.RUNTIME_DEFAULT) {
    return undefined;
  }
  const name = NAME_OF_SIGNAL.get(signal);
  return name === undefined ? undefined : parseSignal(name);
}

/** The CRI's member for a number; RUNTIME_DEFAULT for a number that the CRI has no name for. */
export function signalOfNumber(number: number): Signal {
  return SIGNAL_OF_NUMBER.get(number) ?? Signal.RUNTIME_DEFAULT;
}

/** Reads a signal as image configurations write it; throws InvalidManifestError when it is none. Empty means SIGTERM. */
export function parseSignal(text: string): number {
  const trimmed = text.trim().toUpperCase();
  if (trimmed === "") {
    return SIGTERM;
  }
  if (/^[0-9]+$/.test(trimmed)) {
    return inRange(Number(trimmed), text);
  }
  const bare = trimmed.startsWith("SIG") ? trimmed.slice(3) : trimmed;
  const realTime = /^RT(MIN|MAX)(?:(\+|-|PLUS|MINUS)([0-9]+))?$/.exec(bare);
  if (realTime !== null) {
    const [, end = "", , offset = "0"] = realTime;
    const number = end === "MIN" ? SIGRTMIN + Number(offset) : SIGRTMAX - Number(offset);
    return inRange(number, text, SIGRTMIN);
  }
  const number = STANDARD.get(`SIG${bare}`);
  if (number === undefined) {
    throw unknown(text);
  }
  return number;
}

/** "SIGTERM", or the number for those without a name of their own. */
export function signalName(number: number): string {
  return [...STANDARD].find(([, each]) => each === number)?.[0] ?? String(number);
}

const STANDARD: ReadonlyMap<string, number> = new Map([
  ...Object.entries(constants.signals),
  ["SIGCLD", constants.signals.SIGCHLD],
]);

/** RUNTIME_DEFAULT, SIGABRT … as in the enum: names without the prefix SIGNAL_ of the wire format. */
const NAME_OF_SIGNAL: ReadonlyMap<Signal, string> = new Map(
  Object.entries(Signal)
    .filter(([name]) => name.startsWith("SIG"))
    .map(([name, value]) => [
      value,
      name.replace("SIGRTMAXMINUS", "SIGRTMAX-").replace("SIGRTMINPLUS", "SIGRTMIN+"),
    ]),
);

/** Of two names for one number (SIGIOT and SIGABRT) the first in the enum, of two real-time names the nearer end's. */
const SIGNAL_OF_NUMBER: ReadonlyMap<number, Signal> = numbers();

function numbers(): ReadonlyMap<number, Signal> {
  const found = new Map<number, Signal>();
  for (const [signal, name] of NAME_OF_SIGNAL) {
    const number = parseSignal(name);
    const fromMax = name.startsWith("SIGRTMAX");
    if (!found.has(number) && (!fromMax || number >= FIRST_NAMED_AFTER_MAX)) {
      found.set(number, signal);
    }
  }
  return found;
}

function inRange(number: number, text: string, least = 1): number {
  if (number < least || number > SIGRTMAX) {
    throw unknown(text);
  }
  return number;
}

function unknown(text: string): InvalidManifestError {
  return new InvalidManifestError(
    `Cannot use stop signal "${text}": expected a name such as SIGTERM or SIGRTMIN+3, or a number from 1 to ${SIGRTMAX}`,
  );
}
