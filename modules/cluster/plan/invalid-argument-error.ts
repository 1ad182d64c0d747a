// SPDX-License-Identifier: Apache-2.0
// What a planner throws when an argument cannot be used: one line that names the argument.

/** An argument of the cluster is wrong: which, what was found, what was wanted. */
export class InvalidArgumentError extends Error {
  readonly argument: string;

  constructor(argument: string, message: string, options?: ErrorOptions) {
    super(`Invalid argument "${argument}": ${message}`, options);
    this.name = "InvalidArgumentError";
    this.argument = argument;
  }
}
