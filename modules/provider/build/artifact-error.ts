// SPDX-License-Identifier: Apache-2.0
// The one error of this folder: its message is for the user, complete, and starts with what could not be done.

/** Thrown for an artefact that cannot be had. */
export class ArtifactError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ArtifactError";
  }
}
