// SPDX-License-Identifier: Apache-2.0
// Checks the places that a config writes to: that they exist after boot, and that no entry is in another's way.
import type { IgnitionConfig } from "ignition-config-types";
import type { Code } from "../codes.ts";
import type { ConfigPath, Problem } from "../finding.ts";

interface Claim {
  readonly kind: "file" | "directory" | "link" | "unit";
  readonly path: string;
  readonly at: ConfigPath;
}

export function* checkPaths(config: IgnitionConfig): Generator<Problem> {
  const claims = [...nodeClaims(config), ...unitClaims(config)];
  const byPath = new Map<string, Claim>();
  for (const claim of claims) {
    const other = byPath.get(claim.path);
    // Units come last: whoever has a unit's path before it is in its way
    if (other !== undefined && claim.kind === "unit") yield conflict(other, claim);
    else if (other === undefined) byPath.set(claim.path, claim);
  }
  for (const claim of claims) yield* checkBelow(claim, byPath);
  for (const claim of claims) if (claim.kind !== "unit") yield* checkPlace(claim.path, claim.at);
  for (const [index, { path }] of (config.storage?.filesystems ?? []).entries()) {
    if (path) yield* checkPlace(path, ["storage", "filesystems", index]);
  }
}

function* nodeClaims({ storage }: IgnitionConfig): Generator<Claim> {
  for (const [index, { path }] of (storage?.directories ?? []).entries()) {
    yield { kind: "directory", path, at: ["storage", "directories", index] };
  }
  for (const [index, { path }] of (storage?.files ?? []).entries()) {
    yield { kind: "file", path, at: ["storage", "files", index] };
  }
  for (const [index, { path }] of (storage?.links ?? []).entries()) {
    yield { kind: "link", path, at: ["storage", "links", index] };
  }
}

function* unitClaims({ systemd }: IgnitionConfig): Generator<Claim> {
  for (const [index, unit] of (systemd?.units ?? []).entries()) {
    const path = `/etc/systemd/system/${unit.name}`;
    const at = ["systemd", "units", index];
    if (unit.contents || unit.mask === true) yield { kind: "unit", path, at };
    for (const [position, dropin] of (unit.dropins ?? []).entries()) {
      if (!dropin.contents) continue;
      const place = [...at, "dropins", position];
      yield { kind: "unit", path: `${path}.d/${dropin.name}`, at: place };
    }
  }
}

function conflict(node: Claim, unit: Claim): Problem {
  const text = `is written to "${node.path}" too, expected one of the two: it is the path of %s`;
  return { code: "ErrPathConflictsSystemd", path: [...node.at, "path"], text, related: unit.at };
}

const belowLink: Readonly<Record<Claim["kind"], Code>> = {
  file: "ErrFileUsedSymlink",
  directory: "ErrDirectoryUsedSymlink",
  link: "ErrLinkUsedSymlink",
  unit: "UnitBelowLink",
};

function* checkBelow(claim: Claim, byPath: ReadonlyMap<string, Claim>): Generator<Problem> {
  for (const parent of parentsOf(claim.path)) {
    const other = byPath.get(parent);
    if (other === undefined || other.kind === "directory") continue;
    const code = other.kind === "link" ? belowLink[claim.kind] : "PathBelowFile";
    const text = "is below %s, expected a directory there";
    yield { code, path: claim.at, text, related: other.at };
  }
}

function parentsOf(path: string): readonly string[] {
  const parents: string[] = [];
  for (let end = path.indexOf("/", 1); end !== -1; end = path.indexOf("/", end + 1)) {
    parents.push(path.slice(0, end));
  }
  return parents;
}

const unwritable: readonly (readonly [string, string])[] = [
  ["/proc", "is a kernel file system"],
  ["/sys", "is a kernel file system"],
  ["/dev", "is made anew at every boot"],
  ["/run", "is emptied at every boot"],
  ["/var/run", "is emptied at every boot"],
  ["/tmp", "is emptied at every boot"],
  ["/usr", "is read-only, expected a place such as /opt or /etc"],
];

function* checkPlace(path: string, at: ConfigPath): Generator<Problem> {
  if (isWithin(path, "/usr/local")) {
    const text = "is below /usr/local, which is read-only on Flatcar";
    yield { code: "UnportablePath", path: [...at, "path"], text };
    return;
  }
  const place = unwritable.find(([root]) => isWithin(path, root));
  if (place === undefined) return;
  const text = `cannot be there: ${place[0]} ${place[1]}`;
  yield { code: "UnwritablePath", path: [...at, "path"], text };
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(`${root}/`);
}
