// SPDX-License-Identifier: Apache-2.0
// How a session ended, as clients read it from the error stream: metav1.Status in JSON (protocols v4 and v5).

/** How a command or session ended. */
export type Outcome =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "failed"; readonly message: string };

export const SUCCESS: Outcome = { kind: "exited", exitCode: 0 };

/** kubectl takes its own exit code from the cause "ExitCode". */
export function statusJson(outcome: Outcome): string {
  if (outcome.kind === "failed") {
    const message = `error executing command in container: ${outcome.message}`;
    return JSON.stringify({
      metadata: {},
      status: "Failure",
      message: `Internal error occurred: ${message}`,
      reason: "InternalError",
      details: { causes: [{ message }] },
      code: 500,
    });
  }
  if (outcome.exitCode === 0) {
    return JSON.stringify({ metadata: {}, status: "Success" });
  }
  return JSON.stringify({
    metadata: {},
    status: "Failure",
    message: plainText(outcome),
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(outcome.exitCode) }] },
  });
}

/** For the protocols before v4: nothing when all went well. */
export function plainText(outcome: Outcome): string {
  if (outcome.kind === "failed") {
    return `error executing command in container: ${outcome.message}`;
  }
  return outcome.exitCode === 0
    ? ""
    : `command terminated with non-zero exit code: ${outcome.exitCode}`;
}
