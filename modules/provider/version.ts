// SPDX-License-Identifier: Apache-2.0
// The version that the provider reports: the project's.

/** Equal to the one in package.json, which a test holds. */
export const VERSION = "0.1.0";
