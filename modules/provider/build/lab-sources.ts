// SPDX-License-Identifier: Apache-2.0
// Where the lab image's packages come from: the Debian mirrors that the workstation itself uses.

/** A line of apt's sources. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly component: string;
}

/** Fields for `apt-get indextargets --format`, in the order that `parseIndexTargets` reads. */
export const INDEX_TARGETS_FORMAT = "$(REPO_URI)|$(CODENAME)|$(ORIGIN)|$(COMPONENT)";

/** Debian's own sources of a release and of its updates, out of everything that apt knows on this workstation. */
export function parseIndexTargets(output: string, release: string): readonly AptSource[] {
  const suites = [release, `${release}-updates`, `${release}-security`];
  const sources = output
    .split("\n")
    .map((line) => line.trim().split("|"))
    .flatMap(([uri = "", suite = "", origin = "", component = ""]) =>
      origin === "Debian" && component === "main" && suites.includes(suite)
        ? [{ uri, suite, component }]
        : [],
    );
  const lines = new Set(sources.map(sourceLine));
  return sources.filter((source) => lines.delete(sourceLine(source)));
}

/** Sources from a mirror that the user named: no security updates, as those are on a mirror of their own. */
export function sourcesOfMirror(mirror: string, release: string): readonly AptSource[] {
  return [{ uri: mirror, suite: release, component: "main" }];
}

/** The mirror that the base system is taken from. */
export function baseMirror(sources: readonly AptSource[], release: string): string | undefined {
  return sources.find((source) => source.suite === release)?.uri;
}

/** A sources.list for apt. */
export function sourcesList(sources: readonly AptSource[], keyring: string): string {
  return sources.map((source) => `deb [signed-by=${keyring}] ${sourceLine(source)}\n`).join("");
}

function sourceLine(source: AptSource): string {
  return `${source.uri} ${source.suite} ${source.component}`;
}
