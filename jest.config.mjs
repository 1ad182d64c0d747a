// SPDX-License-Identifier: Apache-2.0
// Tests run the very text that Node runs: types are stripped, nothing else is changed.
// Those of `make test-long` take an hour.
const long = process.env.COREFLY_LONG !== undefined;
const tier = (name, extra = {}) => ({
  displayName: name,
  rootDir: import.meta.dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  extensionsToTreatAsEsm: [".ts"],
  transform: { "\\.ts$": "<rootDir>/test/helpers/strip-types.mjs" },
  testEnvironment: "node",
  testPathIgnorePatterns: ["/node_modules/", ...(long ? [] : ["\\.long\\.test\\.ts$"])],
  modulePathIgnorePatterns: ["<rootDir>/.state"],
  ...extra,
});

export default {
  projects: ["unit", "integration", "conformance", "e2e"].map((name) => tier(name)),
  reporters: ["default", "<rootDir>/test/helpers/summary-reporter.mjs"],
};
