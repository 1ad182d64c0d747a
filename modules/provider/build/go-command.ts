// SPDX-License-Identifier: Apache-2.0
// How Go is called, so that the same sources give the same bytes in every folder and on every workstation.

import type { Architecture, GoRecipe } from "../../artifacts/artifact.ts";

/** The -ldflags of a recipe: no symbols, no DWARF, versions set. */
export function linkerFlags(recipe: GoRecipe): string {
  return ["-s", "-w", ...recipe.variables.map((variable) => `-X ${variable}`)].join(" ");
}

/**
 * `go build` for one program. `-v` names each package that is really compiled, which is the progress.
 * The linker's flags are not recorded in the program, because of -trimpath.
 */
export function buildArguments(
  recipe: GoRecipe,
  program: string,
  output: string,
): readonly string[] {
  return [
    "build",
    "-v",
    "-trimpath",
    "-buildvcs=false",
    "-mod=readonly",
    "-ldflags",
    linkerFlags(recipe),
    "-o",
    output,
    program,
  ];
}

/** `go test -c` for a program that upstream writes as a test. Its `-v` would be the test's, so there is no progress. */
export function testArguments(
  recipe: GoRecipe,
  program: string,
  output: string,
): readonly string[] {
  const [, , ...flags] = buildArguments(recipe, program, output);
  return ["test", "-c", ...flags];
}

/** `go list` for the same packages: fetches the modules that are missing and tells how many packages there are. */
export function listArguments(
  programs: readonly string[],
  options: { readonly tests: boolean },
): readonly string[] {
  return ["list", "-mod=readonly", "-deps", ...(options.tests ? ["-test"] : []), ...programs];
}

/** Settings of Go that say where modules come from. They are the user's; all others are ours. */
export const NETWORK_SETTINGS = [
  "GOAUTH",
  "GOINSECURE",
  "GONOPROXY",
  "GONOSUMDB",
  "GOPRIVATE",
  "GOPROXY",
  "GOSUMDB",
] as const;

export interface GoFolders {
  /** The toolchain. */
  readonly root: string;
  /** Folder of the module and build caches. */
  readonly cache: string;
}

/** The environment of Go: the user's, less everything that could change the result. */
export function goEnvironment(
  options: { readonly architecture: Architecture; readonly cgo: boolean },
  folders: GoFolders,
  user: Readonly<Record<string, string | undefined>>,
  network: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const kept = Object.entries(user).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      !/^(C?GO[A-Z0-9_]*|GCCGO|CC|CXX|C(PP|XX)?FLAGS|LDFLAGS)$/.test(entry[0]),
  );
  return {
    ...Object.fromEntries(kept),
    ...network,
    PATH: `${folders.root}/bin:${user["PATH"] ?? "/usr/bin:/bin"}`,
    CGO_ENABLED: options.cgo ? "1" : "0",
    GOARCH: options.architecture,
    ...(options.architecture === "amd64" ? { GOAMD64: "v1" } : { GOARM64: "v8.0" }),
    GOCACHE: `${folders.cache}/build`,
    GOENV: "off",
    GOFIPS140: "off",
    GOMODCACHE: `${folders.cache}/mod`,
    GOOS: "linux",
    GOPATH: `${folders.cache}/path`,
    GOROOT: folders.root,
    GOTOOLCHAIN: "local",
    GOWORK: "off",
  };
}

/** The network settings out of what `go env -json` printed; empty ones are left to Go. */
export function networkSettings(text: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text);
  const settings = new Map(Object.entries(value ?? {}));
  return Object.fromEntries(
    NETWORK_SETTINGS.map((name) => [name, settings.get(name)] as const).filter(
      (entry): entry is [(typeof NETWORK_SETTINGS)[number], string] =>
        typeof entry[1] === "string" && entry[1] !== "",
    ),
  );
}
