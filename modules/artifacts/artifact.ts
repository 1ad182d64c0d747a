// SPDX-License-Identifier: Apache-2.0
// What an artefact is: something that nodes or this workstation need, with its origin and a recipe that makes it. Recipes
// are data; modules/provider/build carries them out.

/** As Go, Debian and OCI call it. */
export type Architecture = "amd64" | "arm64";

/** One row of the table. `Name` is the name of an artefact. */
export interface Artifact<Name extends string = string> {
  /** As upstream writes it, with its `v`. */
  readonly version: string;
  /** SPDX expression. */
  readonly licence: string;
  readonly origin: Origin;
  readonly architectures: readonly Architecture[];
  readonly recipe: Recipe<Name>;
}

/** Where an artefact comes from, and what proves that it is that. */
export type Origin =
  /** A module with its sum as in go.sum; what it requires is pinned by the go.sum beside the recipe. */
  | { readonly kind: "go-module"; readonly module: string; readonly sum: string }
  /** A package for each architecture, with its integrity as in package-lock.json. */
  | {
      readonly kind: "npm";
      readonly packages: Readonly<Record<Architecture, NpmPackage>>;
    }
  /** Packages of this workstation's Debian release, verified by apt; versions are recorded when they are obtained. */
  | { readonly kind: "debian"; readonly packages: readonly string[] }
  /** Made of this repository and of other artefacts. */
  | { readonly kind: "corefly" };

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly integrity: string;
}

export type Recipe<Name extends string = string> =
  | GoRecipe
  | NpmRecipe
  | DebianRecipe
  | BundleRecipe
  | NoticesRecipe
  | ImageRecipe<Name>;

/** Programs compiled from a module graph under modules/artifacts/go. */
export interface GoRecipe {
  readonly kind: "go";
  /** Folder under modules/artifacts/go. */
  readonly folder: string;
  /** Import paths, or `.`, by the program's name. */
  readonly packages: Readonly<Record<string, string>>;
  /** Programs among them that upstream writes as tests: these are compiled with `go test -c`. */
  readonly testPrograms?: readonly string[];
  /** `name=value` of the linker's -X. */
  readonly variables: readonly string[];
  /** With the C compiler of the workstation: then the result depends on it, and is not locked. */
  readonly cgo: boolean;
  /** Folder of the archive that holds the programs; without it the one program itself is the artefact. */
  readonly archiveFolder?: string;
}

/** One program out of an npm package, made to run with the loader and libraries of `node-tools`, in an archive. */
export interface NpmRecipe {
  readonly kind: "npm";
  readonly file: string;
  readonly into: string;
}

/** Programs out of Debian packages with the libraries that they need, in an archive. */
export interface DebianRecipe {
  readonly kind: "debian-closure";
  /**
   * `relocated`: loader and run path are those of the runtime's folder, libraries in lib/.
   * `ordinary`: everything where Debian has it, for the root of an image.
   */
  readonly layout: "relocated" | "ordinary";
  /** Path in the archive → path in the packages. */
  readonly programs: Readonly<Record<string, string>>;
  /** Libraries that are wanted besides those of the programs, by soname. */
  readonly libraries: readonly string[];
  /** Whether the certificates of ca-certificates are put into one file, at Debian's place. */
  readonly certificates: boolean;
}

/** The runtime as one file. It follows the sources, so it is made anew each time, which takes a moment. */
export interface BundleRecipe {
  readonly kind: "bundle";
  readonly entry: string;
}

/** The licences of what the bundle contains. */
export interface NoticesRecipe {
  readonly kind: "notices";
  readonly entry: string;
}

/** An image, written by the runtime's own image writer. */
export interface ImageRecipe<Name extends string = string> {
  readonly kind: "image";
  readonly format: "aci" | "oci";
  readonly name: string;
  readonly app: ImageApp;
  readonly files: readonly ImageFile<Name>[];
}

export interface ImageApp {
  readonly exec: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly group: string;
  readonly ports?: readonly {
    readonly name: string;
    readonly protocol: "tcp" | "udp";
    readonly port: number;
  }[];
}

export type ImageFile<Name extends string = string> =
  | { readonly path: string; readonly artifact: Name; readonly mode: string }
  | { readonly path: string; readonly content: string; readonly mode: string }
  /** A file under modules/artifacts/images. */
  | { readonly path: string; readonly asset: string; readonly mode: string }
  | {
      readonly path: string;
      readonly directory: true;
      readonly mode: string;
      readonly uid?: number;
      readonly gid?: number;
    }
  | { readonly path: string; readonly link: string }
  /** All entries of an archive. */
  | { readonly archive: Name };
