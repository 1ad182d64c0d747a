// SPDX-License-Identifier: Apache-2.0
// Ends a resource operation when its time is over or the user cancels, without losing what it has made until then.

export interface Deadline {
  /** For the message, after "Cannot": `create Mirror "mirror"`. */
  readonly what: string;
  readonly timeoutSeconds: number;
  /** The user's cancellation. */
  readonly signal: AbortSignal;
}

/** How long an operation may take to clean up, or to record a half-made resource, after its signal. */
const GRACE_MS = 10_000;

/**
 * Runs the work with a signal that fires at the deadline. What the work throws then counts if it says more than
 * "aborted"; work that ignores its signal is left alone after a grace.
 */
export async function runWithDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { what, timeoutSeconds, signal }: Deadline,
): Promise<T> {
  const controller = new AbortController();
  const onCancel = () => controller.abort(new Error(`Cannot ${what}: cancelled`));
  const onTimeout = () =>
    controller.abort(new Error(`Cannot ${what}: took longer than ${timeoutSeconds} s`));
  const timer = setTimeout(onTimeout, Math.min(timeoutSeconds * 1000, 2 ** 31 - 1));
  signal.addEventListener("abort", onCancel);
  if (signal.aborted) onCancel();
  const gaveUp = graceAfter(controller.signal);
  try {
    controller.signal.throwIfAborted();
    return await Promise.race([work(controller.signal), gaveUp.promise]);
  } catch (error) {
    throw isAbort(error) ? controller.signal.reason : error;
  } finally {
    clearTimeout(timer);
    gaveUp.stop();
    signal.removeEventListener("abort", onCancel);
  }
}

interface Grace {
  readonly promise: Promise<never>;
  stop(): void;
}

function graceAfter(signal: AbortSignal): Grace {
  let timer: NodeJS.Timeout | undefined;
  const promise = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => {
      timer = setTimeout(() => reject(signal.reason), GRACE_MS);
    });
  });
  return { promise, stop: () => clearTimeout(timer) };
}

function isAbort(error: unknown): boolean {
  return Object(error).name === "AbortError";
}
