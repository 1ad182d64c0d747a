// SPDX-License-Identifier: Apache-2.0
// The file system, for the whole runtime: a few operations of our own that are atomic or careful, and those of node:fs by
// their own names. Names without suffix return promises; `…Sync` block, and are the only ones that may be used after this
// process changed its mount namespace or root (see kernel.ts).
import {
  type BigIntStats,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  createReadStream,
  createWriteStream,
  type Dirent,
  existsSync,
  type FSWatcher,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  openSync,
  promises,
  type ReadStream,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  renameSync,
  rmdirSync,
  type Stats,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  type WriteStream,
  watch,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { InvalidManifestError, SystemError } from "../errors.ts";
import { errnoOf } from "./kernel.ts";
import { removeDirectory, removeDirectorySync } from "./remove-tree.ts";
import { isStaleTemporary, temporaryName } from "./temporary-name.ts";

export type { BigIntStats, Dirent, FSWatcher, ReadStream, Stats, WriteStream };

/** The calls of node:fs that are passed through: they throw Node's own errors, whose `code` is the errno name. */
const passedThrough = {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
  watch,
  createReadStream,
  createWriteStream,
  chmod: promises.chmod,
  chown: promises.chown,
  copyFile: promises.copyFile,
  link: promises.link,
  mkdtemp: promises.mkdtemp,
  open: promises.open,
  opendir: promises.opendir,
  readFile: promises.readFile,
  readlink: promises.readlink,
  realpath: promises.realpath,
  rename: promises.rename,
  rmdir: promises.rmdir,
  stat: promises.stat,
  lstat: promises.lstat,
  symlink: promises.symlink,
  truncate: promises.truncate,
  unlink: promises.unlink,
  utimes: promises.utimes,
  writeFile: promises.writeFile,
};

export interface WriteOptions {
  /** Default 0644, whatever the umask. */
  readonly mode?: number;
}

/** Everything the runtime does with files. Missing files: `code` "ENOENT" on the error, see {@link isMissing}. */
export type Files = typeof passedThrough & {
  readText(path: string): Promise<string>;
  readTextSync(path: string): string;
  /** undefined when there is no such file. */
  findText(path: string): Promise<string | undefined>;
  findTextSync(path: string): string | undefined;
  /** Parsed, not checked; throws InvalidManifestError with the path when it is not JSON. */
  readJson(path: string): Promise<unknown>;
  readJsonSync(path: string): unknown;
  /** Temporary file beside it, fsync, rename, fsync of the directory: readers see the old or the new content, whole. */
  writeFileAtomic(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  writeFileAtomicSync(path: string, data: string | Uint8Array, options?: WriteOptions): void;
  /** As writeFileAtomic without the last step: after a power cut there may be the old content, or the file may be missing. */
  replaceFile(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Removes what such a write has left in this directory if its process was killed, or the machine lost power. */
  removeStaleTemporaries(directory: string): Promise<void>;
  /** The directory and its parents, 0755 unless said; fine when it exists. */
  mkdirp(path: string, options?: WriteOptions): Promise<void>;
  mkdirpSync(path: string, options?: WriteOptions): void;
  /**
   * Removes a file or tree; fine when it is not there. Follows no link and never crosses into another mount: then it
   * throws EBUSY before anything is removed.
   */
  removeTree(path: string): Promise<void>;
  removeTreeSync(path: string): void;
  /** As removeTree, for a path that is bytes and where the caller knows that nothing is mounted: it does not look. */
  removeBytes(path: Buffer): Promise<void>;
  removeBytesSync(path: Buffer): void;
  readDir(path: string): Promise<readonly Dirent[]>;
  readDirSync(path: string): readonly Dirent[];
  /** Names in a directory, sorted; empty when there is no such directory. */
  listNames(path: string): Promise<readonly string[]>;
  listNamesSync(path: string): readonly string[];
  exists(path: string): Promise<boolean>;
  openRead(path: string): ReadStream;
  openWrite(path: string, options?: WriteOptions): WriteStream;
  fsyncDir(path: string): Promise<void>;
  fsyncDirSync(path: string): void;
};

export const linuxFiles: Files = {
  ...passedThrough,
  readText: (path) => promises.readFile(path, "utf8"),
  readTextSync: (path) => readFileSync(path, "utf8"),
  findText: (path) => promises.readFile(path, "utf8").catch(undefinedIfMissing),
  findTextSync: (path) => {
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      return undefinedIfMissing(cause);
    }
  },
  readJson: async (path) => parseJson(await promises.readFile(path, "utf8"), path),
  readJsonSync: (path) => parseJson(readFileSync(path, "utf8"), path),
  writeFileAtomic,
  writeFileAtomicSync,
  replaceFile,
  removeStaleTemporaries: async (directory) => {
    for (const name of await linuxFiles.listNames(directory)) {
      if (isStaleTemporary(name)) {
        await promises.rm(join(directory, name), { force: true });
      }
    }
  },
  mkdirp: async (path, options = {}) => {
    await promises.mkdir(path, { recursive: true, mode: options.mode ?? 0o755 });
  },
  mkdirpSync: (path, options = {}) => {
    mkdirSync(path, { recursive: true, mode: options.mode ?? 0o755 });
  },
  removeTree,
  removeTreeSync,
  removeBytes,
  removeBytesSync,
  readDir: (path) => promises.readdir(path, { withFileTypes: true }),
  readDirSync: (path) => readdirSync(path, { withFileTypes: true }),
  listNames: async (path) => (await promises.readdir(path).catch(emptyIfMissing)).sort(),
  listNamesSync: (path) => {
    try {
      return readdirSync(path).sort();
    } catch (cause) {
      return emptyIfMissing(cause);
    }
  },
  exists: (path) =>
    promises.lstat(path).then(
      () => true,
      (cause: unknown) => undefinedIfMissing(cause) ?? false,
    ),
  openRead: (path) => createReadStream(path, { highWaterMark: 256 * 1024 }),
  openWrite: (path, options = {}) => createWriteStream(path, { mode: options.mode ?? 0o644 }),
  fsyncDir: async (path) => {
    const handle = await promises.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  fsyncDirSync,
};

/** Whether an error says that there is no space left, on the disk or of what this user may have. */
export function isDiskFull(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(errnoOf(error));
}

/** Whether an error says that a file, or a directory on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === "ENOENT" || errno === "ENOTDIR";
}

function undefinedIfMissing(cause: unknown): undefined {
  if (isMissing(cause)) {
    return undefined;
  }
  throw cause;
}

function emptyIfMissing(cause: unknown): never[] {
  if (isMissing(cause)) {
    return [];
  }
  throw cause;
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidManifestError(`Cannot read "${path}": not valid JSON`, { cause });
  }
}

async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  await replaceFile(path, data, options);
  await linuxFiles.fsyncDir(dirname(path));
}

async function replaceFile(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryName(path);
  const handle = await promises.open(temporary, "wx", 0o600);
  try {
    try {
      await handle.writeFile(data);
      await handle.chmod(options.mode ?? 0o644);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await promises.rename(temporary, path);
  } catch (cause) {
    await promises.rm(temporary, { force: true });
    throw cause;
  }
}

function writeFileAtomicSync(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions = {},
): void {
  const temporary = temporaryName(path);
  const fd = openSync(temporary, "wx", 0o600);
  try {
    try {
      writeFileSync(fd, data);
      fchmodSync(fd, options.mode ?? 0o644);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (cause) {
    linuxFiles.removeTreeSync(temporary);
    throw cause;
  }
  fsyncDirSync(dirname(path));
}

function fsyncDirSync(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function removeTree(path: string): Promise<void> {
  if (isThere(path)) {
    refuseMountPoints(path);
    await removeBytes(Buffer.from(path));
  }
}

function removeTreeSync(path: string): void {
  if (isThere(path)) {
    refuseMountPoints(path);
    removeBytesSync(Buffer.from(path));
  }
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

async function removeBytes(path: Buffer): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    await removeDirectory(path);
  } else if (stats !== undefined) {
    await promises.unlink(path).catch(undefinedIfMissing);
  }
}

function removeBytesSync(path: Buffer): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) {
    removeDirectorySync(path);
  } else if (stats !== undefined) {
    ignoreMissing(() => unlinkSync(path));
  }
}

/** Where this process has mounts, at `path` or below it; `path` may contain symlinks. */
export function mountPointsBelow(path: string): readonly string[] {
  const real = join(realpathSync(dirname(path)), basename(path));
  return readFileSync("/proc/thread-self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .map((target) =>
      target.replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((target) => target === real || target.startsWith(`${real}/`));
}

/** Also finds bind mounts from the same file system, below which the content of the host would be removed. */
function refuseMountPoints(path: string): void {
  const [first] = mountPointsBelow(path);
  if (first !== undefined) {
    throw new SystemError("remove", "EBUSY", first);
  }
}

function ignoreMissing(act: () => void): void {
  try {
    act();
  } catch (cause) {
    undefinedIfMissing(cause);
  }
}
