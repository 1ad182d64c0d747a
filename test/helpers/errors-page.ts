// SPDX-License-Identifier: Apache-2.0
// docs/errors.md, out of the table of codes: node test/helpers/errors-page.ts > docs/errors.md
import { ERROR_TABLE, EXIT_FAILURE, GRPC_CODES } from "../../runtime/errors.ts";

/** The whole page. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_TABLE).map(
    ([code, { grpc, meaning }]) =>
      `| <a id="${code.toLowerCase()}"></a>\`${code}\` | ${meaning} | ${grpc} (${GRPC_CODES[grpc]}) |`,
  );
  return `# Errors

Generated from \`runtime/errors.ts\`.

The command line prints one line for a failure and ends with ${EXIT_FAILURE}; \`--debug\` adds the chain of causes. Exit codes below ${EXIT_FAILURE} are the app's own. Without a verb it prints its help
and ends with 2. The CRI server answers with the gRPC code.

| code | meaning | gRPC |
|---|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) {
  process.stdout.write(errorsPage());
}
