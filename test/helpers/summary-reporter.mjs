// SPDX-License-Identifier: Apache-2.0
// The closing line that people and CI read: `N passed, N failed, N skipped`, with the reason of each skip above it.
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    for (const file of results.testResults) {
      for (const test of file.testResults) {
        if (test.status === "pending" || test.status === "todo") {
          console.log(`skipped: ${test.fullName}`);
        }
      }
    }
    const broken = results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    console.log(
      `${results.numPassedTests} passed, ${results.numFailedTests + broken} failed, ${skipped} skipped`,
    );
  }
}
