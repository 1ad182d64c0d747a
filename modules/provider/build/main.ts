// SPDX-License-Identifier: Apache-2.0
// Artefacts for people and for the Makefile: progress on standard error, the result as JSON on standard output.

import { parseArgs } from "node:util";
import type { Architecture } from "../../artifacts/artifact.ts";
import { lockOf } from "../../artifacts/lock.ts";
import { reproducibility } from "../../artifacts/reproducibility.ts";
import { artifacts, isArtifactName } from "../../artifacts/table.ts";
import { ArtifactError } from "./artifact-error.ts";
import { defaultCacheDir, hostArchitecture } from "./host.ts";
import { type ObtainOptions, obtainArtifacts } from "./obtain.ts";
import { knownName } from "./request.ts";
import { writeLock } from "./write-lock.ts";

const USAGE = `usage: main.ts COMMAND [NAME...] [--architecture=amd64|arm64] [--source=URL] [--cache=FOLDER]

  obtain NAME...   make artefacts be there, print digest, size and path of each
  list             print the table
  lock [NAME...]   make what can be locked and write the lock file
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    architecture: { type: "string" },
    cache: { type: "string" },
    help: { type: "boolean", short: "h" },
    "runtime-folder": { type: "string" },
    source: { type: "string" },
  },
});

const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => abort.abort(new Error(`Interrupted by ${signal}`)));
}

try {
  process.exitCode = await main(positionals);
} catch (error) {
  const expected = error instanceof ArtifactError || abort.signal.aborted;
  process.stderr.write(`${expected && error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function main([command, ...names]: readonly string[]): Promise<number> {
  if (values.help || command === undefined) {
    process.stderr.write(USAGE);
    return values.help ? 0 : 2;
  }
  const options = obtainOptions();
  switch (command) {
    case "obtain":
      print(await obtainArtifacts(names, options));
      return 0;
    case "list":
      print(table(options.architecture ?? hostArchitecture()));
      return 0;
    case "lock":
      print(
        await writeLock(
          names.map((name) => knownName(name, options.architecture ?? hostArchitecture())),
          options,
        ),
      );
      return 0;
    default:
      process.stderr.write(`Unknown command "${command}"\n${USAGE}`);
      return 2;
  }
}

function obtainOptions(): ObtainOptions {
  return {
    cacheDir: values.cache ?? defaultCacheDir(process.env),
    architecture: parseArchitecture(values.architecture),
    onProgress: (message) => process.stderr.write(`${message}\n`),
    signal: abort.signal,
    source: values.source === undefined ? undefined : { releaseUrl: values.source },
    runtimeFolder: values["runtime-folder"],
  };
}

function parseArchitecture(value: string | undefined): Architecture | undefined {
  if (value === undefined || value === "amd64" || value === "arm64") {
    return value;
  }
  throw new ArtifactError(`Unknown architecture "${value}", wanted amd64 or arm64`);
}

function table(architecture: Architecture): object {
  return Object.fromEntries(
    Object.entries(artifacts).map(([name, { version, licence, recipe, architectures }]) => [
      name,
      {
        version,
        kind: recipe.kind,
        licence,
        architectures,
        reproducible: isArtifactName(name) ? reproducibility(name) : undefined,
        sha512: lockOf(architecture)[name]?.sha512,
      },
    ]),
  );
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
