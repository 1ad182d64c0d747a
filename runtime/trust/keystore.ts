// SPDX-License-Identifier: Apache-2.0
// The keys that may sign images, by image name, as rkt keeps them: `trustedkeys/root.d/<fingerprint>` for every image and
// `trustedkeys/prefix.d/<prefix>/<fingerprint>` for images of that name and below it. The vendor's directory comes first, the
// administrator's wins: an empty file there takes the vendor's key of the same name away.
import { dirname, join } from "node:path";
import { TrustError, UsageError } from "../errors.ts";
import type { System } from "../system/system.ts";
import { parseKey, type TrustKey } from "./key.ts";

export interface TrustedKey extends TrustKey {
  /** undefined: every image. */
  readonly prefix: string | undefined;
  readonly path: string;
}

const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const PREFIX = /^[a-z0-9]+([-._~/][a-z0-9]+)*$/;

export class Keystore {
  readonly #directories: readonly string[];
  readonly #system: System;

  /** Configuration directories, for example /usr/lib/corefly and /etc/corefly: later ones win. */
  constructor(configDirectories: readonly string[], system: System) {
    this.#directories = configDirectories.map((directory) => join(directory, "trustedkeys"));
    this.#system = system;
  }

  /** Those that may sign an image of this name. Throws TrustError when one of them cannot be used. */
  async keysFor(imageName: string): Promise<readonly TrustedKey[]> {
    const parts = imageName.split("/");
    const prefixes = parts.map((_, depth) => parts.slice(0, depth + 1).join("/"));
    const groups = [
      this.#read("root.d", undefined),
      // A name that could not be a prefix must not become a path.
      ...prefixes
        .filter((prefix) => PREFIX.test(prefix))
        .map((prefix) => this.#read(join("prefix.d", prefix), prefix)),
    ];
    return (await Promise.all(groups)).flat();
  }

  /** Every key of every prefix: to say whose signature it is that is not accepted. */
  async all(): Promise<readonly TrustedKey[]> {
    const prefixes = new Set<string>();
    for (const directory of this.#directories) {
      await this.#collectPrefixes(join(directory, "prefix.d"), "", prefixes);
    }
    const groups = [...prefixes].map((prefix) => this.#read(join("prefix.d", prefix), prefix));
    return (await Promise.all([this.#read("root.d", undefined), ...groups])).flat();
  }

  /** Trusts a key for a prefix, or for every image; answers its file. Written into the last directory, the administrator's. */
  async add(key: TrustKey, prefix: string | undefined): Promise<string> {
    if (prefix !== undefined && !PREFIX.test(prefix)) {
      throw new UsageError(`Cannot trust key: "${prefix}" is no prefix of image names`);
    }
    const directory = this.#directories.at(-1) ?? "";
    const place = prefix === undefined ? "root.d" : join("prefix.d", prefix);
    const path = join(directory, place, key.fingerprint);
    await this.#system.files.mkdirp(dirname(path));
    await this.#system.files.writeFileAtomic(path, key.armored);
    return path;
  }

  async #read(place: string, prefix: string | undefined): Promise<readonly TrustedKey[]> {
    const paths = new Map<string, string>();
    for (const directory of this.#directories) {
      const names = await this.#system.files.listNames(join(directory, place));
      for (const name of names.filter((each) => FINGERPRINT.test(each))) {
        paths.set(name, join(directory, place, name));
      }
    }
    const keys = await Promise.all([...paths].map(([name, path]) => this.#readKey(name, path)));
    return keys.flatMap((key) => (key === undefined ? [] : [{ ...key, prefix }]));
  }

  async #readKey(name: string, path: string) {
    const stats = await this.#system.files.stat(path);
    if (!stats.isFile() || stats.size === 0) {
      return undefined; // a deeper prefix, or a mask
    }
    const key = await parseKey(await this.#system.files.readFile(path), `"${path}"`);
    if (key.fingerprint !== name) {
      throw new TrustError(
        `Cannot use key "${path}": its fingerprint is ${key.fingerprint}, expected that of the file's name`,
      );
    }
    return { ...key, path };
  }

  async #collectPrefixes(directory: string, prefix: string, found: Set<string>): Promise<void> {
    for (const name of await this.#system.files.listNames(directory)) {
      const path = join(directory, name);
      if ((await this.#system.files.stat(path)).isDirectory()) {
        const deeper = prefix === "" ? name : `${prefix}/${name}`;
        found.add(deeper);
        await this.#collectPrefixes(path, deeper, found);
      }
    }
  }
}
