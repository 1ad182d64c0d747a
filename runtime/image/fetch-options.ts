// SPDX-License-Identifier: Apache-2.0
// What a fetch is given, and what it makes of it once for all its steps.
import type { ImageRecord } from "../store/record.ts";
import { Keystore } from "../trust/keystore.ts";
import type { ImportOptions } from "./import-options.ts";
import { loadFetchSettings } from "./net/settings.ts";
import { type Web, webOf } from "./net/web.ts";
import type { RegistryAuth } from "./oci/registry-auth.ts";

/**
 * rkt's: "new" uses what the store has and else fetches; "update" fetches unless the server says that nothing changed;
 * "never" only uses what the store has.
 */
export type PullPolicy = "new" | "update" | "never";

export interface FetchConfig {
  /** Configuration directories, vendor first: /usr/lib/corefly, /etc/corefly, the user's. */
  readonly directories: readonly string[];
}

export interface FetchOptions extends ImportOptions {
  readonly config: FetchConfig;
  /** --insecure-options: image, tls, http, pubkey. */
  readonly insecure: ReadonlySet<string>;
  readonly pullPolicy: PullPolicy;
  /** Credentials that came with the request, for registries. */
  readonly auth?: RegistryAuth | undefined;
  /** File or URL of the detached signature, instead of the image's own with .asc. */
  readonly signature?: string | undefined;
  /** Where relative paths start; default "/". */
  readonly cwd?: string | undefined;
}

/** The options with what was loaded for them. */
export interface FetchContext {
  readonly options: FetchOptions;
  readonly web: Web;
  readonly keystore: Keystore;
  readonly machine: { readonly os: string; readonly architecture: string };
  /** For an ACI's dependencies: by name, without a given signature. */
  readonly fetchByName: (text: string) => Promise<ImageRecord>;
}

export async function fetchContext(
  options: FetchOptions,
  fetchByName: (text: string) => Promise<ImageRecord>,
): Promise<FetchContext> {
  const { directories } = options.config;
  const settings = await loadFetchSettings(directories, options.system);
  return {
    options,
    web: webOf(settings, options.insecure, options.signal),
    keystore: new Keystore(directories, options.system),
    machine: { os: process.platform, architecture: ociArchitecture(process.arch) },
    fetchByName,
  };
}

function ociArchitecture(nodeArchitecture: string): string {
  return { x64: "amd64", ia32: "386" }[nodeArchitecture] ?? nodeArchitecture;
}
