// SPDX-License-Identifier: Apache-2.0
// What a builder gets and gives. There is one builder for each kind of recipe; obtain.ts chooses.

import type { Architecture } from "../../artifacts/artifact.ts";
import type { ArtifactName } from "../../artifacts/table.ts";
import type { CachedFile } from "./cache.ts";

/** A finished artefact. */
export interface ObtainedArtifact extends CachedFile {
  /** Debian packages in it, with their versions. */
  readonly debian?: Readonly<Record<string, string>>;
}

/** Everything about one build that is not in its recipe. */
export interface BuildContext {
  readonly name: ArtifactName;
  readonly architecture: Architecture;
  readonly cacheDir: string;
  /** Empty, ours alone, on the file system of the cache; removed afterwards. */
  readonly workDir: string;
  /** Gets what the programs say that the builder runs. */
  readonly logFile: string;
  /** Where relocated programs will lie. */
  readonly runtimeFolder: string;
  readonly signal?: AbortSignal | undefined;
  progress(message: string): void;
  /** A finished artefact that this one is made of. */
  ingredient(name: ArtifactName): Promise<ObtainedArtifact>;
}

/** A finished file in the work folder, to be moved away. */
export interface Built {
  readonly file: string;
  /** Versions of the Debian packages that are in it. */
  readonly debian?: Readonly<Record<string, string>>;
}
