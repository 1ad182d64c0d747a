// SPDX-License-Identifier: Apache-2.0
// Debian packages, fetched and unpacked into a folder, never installed: apt verifies them against the signed lists.

import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { ArtifactError } from "./artifact-error.ts";
import type { BuildContext } from "./builder.ts";
import { type Command, readOutput } from "./command.ts";

/** What `apt-cache show` says of a package. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  /** Alternatives of each dependency, without versions. */
  readonly depends: readonly (readonly string[])[];
}

/** Parses the paragraphs that `apt-cache show` prints. */
export function parsePackages(text: string): readonly DebianPackage[] {
  return text
    .split(/\n\n+/)
    .map((paragraph) => new Map(paragraph.split("\n").flatMap(parseField)))
    .flatMap((fields) => {
      const name = fields.get("package");
      const version = fields.get("version");
      if (name === undefined || version === undefined) {
        return [];
      }
      const depends = ["pre-depends", "depends"].flatMap((key) => parseDepends(fields.get(key)));
      return [{ name, version, depends }];
    });
}

function parseField(line: string): [string, string][] {
  // Lines that begin with a space go on with the field before: none that we read has those.
  const colon = line.indexOf(":");
  return colon < 1 || line.startsWith(" ")
    ? []
    : [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]];
}

function parseDepends(field: string | undefined): readonly (readonly string[])[] {
  return (field ?? "")
    .split(",")
    .map((dependency) =>
      dependency
        .split("|")
        .map((alternative) => alternative.trim().replace(/[\s:(].*$/s, ""))
        .filter((name) => name !== ""),
    )
    .filter((alternatives) => alternatives.length > 0);
}

/** Packages of libraries, and those that have the licence of GCC's. */
const LIBRARY = /^(lib|gcc-\d+-base$)/;

/**
 * The wanted packages with all packages of libraries below them. Other dependencies (debconf, an init system) are for
 * installing, which nobody does here.
 */
export async function resolvePackages(
  roots: readonly string[],
  show: (names: readonly string[]) => Promise<readonly DebianPackage[]>,
): Promise<readonly DebianPackage[]> {
  const found = new Map<string, DebianPackage>();
  const asked = new Set<string>();
  let wanted = [...roots];
  while (wanted.length > 0) {
    for (const name of wanted) {
      asked.add(name);
    }
    const shown = await show(wanted);
    for (const each of shown) {
      found.set(each.name, each);
    }
    wanted = [
      ...new Set(
        shown
          .flatMap(({ depends }) => depends.flat())
          .filter((name) => LIBRARY.test(name) && !asked.has(name)),
      ),
    ];
  }
  const missing = roots.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new ArtifactError(
      `apt knows no Debian package ${missing.join(", ")}: run apt-get update, or add Debian's main section to its sources`,
    );
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether Debian serves these very versions now, as far as this machine's lists say. */
export async function servesVersions(
  versions: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const names = Object.keys(versions);
  const served = await showPackages(names, signal).catch(() => {
    signal?.throwIfAborted();
    // No apt, or no lists: nobody can tell.
    return [];
  });
  const current = new Map(served.map(({ name, version }) => [name, version]));
  return names.every((name) => current.get(name) === versions[name]);
}

/** Fetches packages with what they need, and unpacks all into one tree. Returns whose each file is, by path in the tree. */
export async function unpackPackages(
  roots: readonly string[],
  tree: string,
  context: BuildContext,
): Promise<ReadonlyMap<string, DebianPackage>> {
  const run = (file: string, args: readonly string[], cwd: string) =>
    readOutput({ file, args, cwd, signal: context.signal, env: aptEnvironment() });
  const folder = join(context.workDir, "debs");
  await mkdir(folder, { recursive: true });
  await mkdir(tree, { recursive: true });
  const packages = await resolveFresh(roots, context);
  context.progress(`Fetching ${packages.length} Debian packages`);
  const unsandboxed = process.getuid?.() === 0 ? ["-o", "APT::Sandbox::User=root"] : [];
  const names = packages.map(({ name, version }) => `${name}=${version}`);
  await run("apt-get", [...unsandboxed, "--quiet", "download", ...names], folder);
  const owners = new Map<string, DebianPackage>();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".deb")).sort()) {
    const owner = packages.find(({ name }) => file.startsWith(`${name}_`));
    const listed = await run("dpkg-deb", ["--vextract", join(folder, file), tree], folder);
    if (owner !== undefined) {
      for (const path of listed.split("\n")) {
        owners.set(path.replace(/^\.\//, ""), owner);
      }
    }
  }
  return owners;
}

/** Package lists may be missing (container images come without): fetched once if we may. */
async function resolveFresh(
  roots: readonly string[],
  context: BuildContext,
): Promise<readonly DebianPackage[]> {
  const show = (names: readonly string[]) => showPackages(names, context.signal);
  try {
    return await resolvePackages(roots, show);
  } catch (error) {
    if (!(error instanceof ArtifactError) || process.getuid?.() !== 0) {
      throw error;
    }
    context.progress("Updating the lists of Debian packages");
    await readOutput({
      file: "apt-get",
      args: ["--quiet", "update"],
      signal: context.signal,
      env: aptEnvironment(),
    });
    return resolvePackages(roots, show);
  }
}

async function showPackages(
  names: readonly string[],
  signal: AbortSignal | undefined,
): Promise<readonly DebianPackage[]> {
  const command: Command = {
    file: "apt-cache",
    args: ["show", "--no-all-versions", ...names],
    env: aptEnvironment(),
    signal,
  };
  try {
    return parsePackages(await readOutput(command));
  } catch (error) {
    // It fails when it knows none of the names, virtual packages for example; who asks sees that nothing came.
    if (error instanceof ArtifactError && error.message.includes("No packages found")) {
      return [];
    }
    throw error;
  }
}

function aptEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return { ...Object.fromEntries(entries), LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
}
