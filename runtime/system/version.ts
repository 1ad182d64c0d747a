// SPDX-License-Identifier: Apache-2.0
// The version of the runtime, as `corefly version`, the CRI server and the user agent of fetches say it.

/** Equal to the version in package.json; a test compares them. */
export const VERSION = "0.1.0";
