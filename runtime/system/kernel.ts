// SPDX-License-Identifier: Apache-2.0
// System calls that Node has no function for, made through node:ffi: the one file that imports it.
//
// unshare, setns and chroot change the *calling thread*. Node's asynchronous file functions run on other threads, which
// stay where they were: after any of these three use only the synchronous ones, and end in `replaceProcess`.

import ffi from "node:ffi";
import { closeSync, statfsSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { SystemError } from "../errors.ts";
import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  O_CLOEXEC,
  O_NONBLOCK,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from "./constants.ts";
import type { FilesystemUsage, Kernel, Path } from "./kernel-interface.ts";
import { linuxSockets } from "./sockets.ts";
import { rawMode, TERMIOS_BYTES } from "./terminal-mode.ts";

export type { FilesystemUsage, Kernel, Path } from "./kernel-interface.ts";

const SYS_OPENAT2 = 437n;
const SYS_MOUNT_SETATTR = 442n;
const SYS_OPEN_TREE = 428n;
const SYS_MOVE_MOUNT = 429n;
const OPEN_TREE_CLONE = 1;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const SYS_PIVOT_ROOT = process.arch === "arm64" ? 41n : 155n;
const SIG_DFL = 0n;
const TCGETS = 0x5401n;
const TCSETSW = 0x5403n;
const TIOCGWINSZ = 0x5413n;
const TIOCSWINSZ = 0x5414n;
const FIONREAD = 0x541bn;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(osConstants.errno).map(([name, number]) => [number, name]),
);

/** Loads nothing until the first call. */
export function linuxKernel(): Kernel {
  let loaded: ReturnType<typeof load> | undefined;
  const libc = () => {
    loaded ??= load();
    return loaded;
  };
  /** Throws when `result` is negative; errno is read before anything else can change it. */
  const check = <R extends number | bigint>(syscall: string, result: R, path?: Path): R => {
    if (result < 0) {
      throw new SystemError(syscall, libc().errno(), path === undefined ? undefined : text(path));
    }
    return result;
  };
  const openat2 = (
    rootFd: number,
    path: Path,
    flags: number,
    mode: number,
    resolve: number,
  ): number => {
    const how = Buffer.alloc(24);
    how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
    how.writeBigUInt64LE(BigInt(mode), 8);
    how.writeBigUInt64LE(BigInt(resolve), 16);
    return Number(
      check(
        "openat2",
        libc().syscall(SYS_OPENAT2, BigInt(rootFd), cString(path), how, 24n, 0n),
        path,
      ),
    );
  };
  return {
    ...linuxSockets(libc),
    mount: (source, target, fstype, flags, data) => {
      check(
        "mount",
        libc().mount(
          cString(source),
          cString(target),
          cString(fstype),
          BigInt(flags),
          data === undefined ? null : cString(data),
        ),
        target,
      );
    },
    setMountAttributes: (mount, attributes) => {
      const attr = Buffer.alloc(32);
      attr.writeBigUInt64LE(attributes.set ?? 0n, 0);
      attr.writeBigUInt64LE(attributes.clear ?? 0n, 8);
      attr.writeBigUInt64LE(attributes.propagation ?? 0n, 16);
      const [fd, path] = typeof mount === "number" ? [mount, ""] : [AT_FDCWD, mount];
      const flags =
        (attributes.recursive === true ? AT_RECURSIVE : 0) | (path === "" ? AT_EMPTY_PATH : 0);
      check(
        "mount_setattr",
        libc().syscallAt(SYS_MOUNT_SETATTR, BigInt(fd), cString(path), BigInt(flags), attr, 32n),
        path === "" ? `descriptor ${fd}` : path,
      );
    },
    cloneTree: (path, options = {}) => {
      const flags = OPEN_TREE_CLONE | O_CLOEXEC | (options.recursive === true ? AT_RECURSIVE : 0);
      const fd = libc().syscallAt(
        SYS_OPEN_TREE,
        BigInt(AT_FDCWD),
        cString(path),
        BigInt(flags),
        null,
        0n,
      );
      return Number(check("open_tree", fd, path));
    },
    placeTree: (treeFd, targetFd) => {
      const flags = BigInt(MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
      check(
        "move_mount",
        libc().syscallAt(
          SYS_MOVE_MOUNT,
          BigInt(treeFd),
          cString(""),
          BigInt(targetFd),
          cString(""),
          flags,
        ),
      );
    },
    umount: (target, flags = 0) => {
      check("umount", libc().umount2(cString(target), flags), target);
    },
    pivotRoot: (newRoot, putOld) => {
      check(
        "pivot_root",
        libc().syscallPaths(SYS_PIVOT_ROOT, cString(newRoot), cString(putOld)),
        newRoot,
      );
    },
    unshare: (flags) => {
      check("unshare", libc().unshare(flags));
    },
    setns: (fd, type) => {
      check("setns", libc().setns(fd, type));
    },
    chroot: (path) => {
      check("chroot", libc().chroot(cString(path)), path);
    },
    flock: (fd, operation) => {
      for (;;) {
        if (libc().flock(fd, operation) === 0) {
          return true;
        }
        const errno = libc().errno();
        if (errno === "EAGAIN" || errno === "EWOULDBLOCK") {
          return false;
        }
        if (errno !== "EINTR") {
          throw new SystemError("flock", errno);
        }
      }
    },
    setInheritable: (fd) => {
      check("fcntl", libc().fcntl(fd, F_SETFD, 0));
    },
    setCloseOnExec: (fd) => {
      check("fcntl", libc().fcntl(fd, F_SETFD, FD_CLOEXEC));
    },
    setBlocking: (fd) => {
      const flags = libc().fcntl(fd, F_GETFL, 0);
      if (flags >= 0 && (flags & O_NONBLOCK) !== 0) {
        check("fcntl", libc().fcntl(fd, F_SETFL, flags & ~O_NONBLOCK));
      }
    },
    setNonBlocking: (fd) => {
      const flags = check("fcntl", libc().fcntl(fd, F_GETFL, 0));
      check("fcntl", libc().fcntl(fd, F_SETFL, flags | O_NONBLOCK));
    },
    windowSize: (fd) => {
      const size = Buffer.alloc(8);
      return libc().ioctl(fd, TIOCGWINSZ, size) < 0
        ? undefined
        : { rows: size.readUInt16LE(0), columns: size.readUInt16LE(2) };
    },
    unreadBytes: (fd) => {
      const count = Buffer.alloc(4);
      check("ioctl", libc().ioctl(fd, FIONREAD, count));
      return count.readInt32LE();
    },
    setWindowSize: (fd, { rows, columns }) => {
      check(
        "ioctl",
        libc().ioctl(fd, TIOCSWINSZ, Buffer.from(Uint16Array.of(rows, columns, 0, 0).buffer)),
      );
    },
    makeRaw: (fd) => {
      const before = Buffer.alloc(TERMIOS_BYTES);
      check("ioctl", libc().ioctl(fd, TCGETS, before));
      check("ioctl", libc().ioctl(fd, TCSETSW, rawMode(before)));
      return () => {
        check("ioctl", libc().ioctl(fd, TCSETSW, before));
      };
    },
    openInRoot: (rootFd, path, flags, mode = 0) =>
      openat2(rootFd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS),
    openBeneath: (rootFd, path, flags, mode = 0) =>
      openat2(rootFd, path, flags, mode, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS),
    mkdirat: (dirFd, name, mode) => {
      check("mkdirat", libc().mkdirat(dirFd, cString(name), mode), name);
    },
    mknod: (path, mode, device = 0n) => {
      check("mknod", libc().mknod(cString(path), mode, device), path);
    },
    mkfifo: (path, mode) => {
      check("mkfifo", libc().mkfifo(cString(path), mode), path);
    },
    lsetxattr: (path, name, value) => {
      const bytes = value.byteLength === 0 ? Buffer.alloc(1) : Buffer.from(value);
      check(
        "lsetxattr",
        libc().lsetxattr(cString(path), cString(name), bytes, BigInt(value.byteLength), 0),
        path,
      );
    },
    lgetxattr: (path, name) => {
      const value = Buffer.alloc(65536); // XATTR_SIZE_MAX
      const size = libc().lgetxattr(cString(path), cString(name), value, BigInt(value.length));
      if (size < 0) {
        const errno = libc().errno();
        if (errno === "ENODATA" || errno === "EOPNOTSUPP" || errno === "ENOTSUP") {
          return undefined;
        }
        throw new SystemError("lgetxattr", errno, text(path));
      }
      return value.subarray(0, Number(size));
    },
    llistxattr: (path) => {
      const names = Buffer.alloc(65536); // XATTR_LIST_MAX
      const size = libc().llistxattr(cString(path), names, BigInt(names.length));
      if (size < 0) {
        const errno = libc().errno();
        if (errno === "EOPNOTSUPP" || errno === "ENOTSUP") {
          return [];
        }
        throw new SystemError("llistxattr", errno, text(path));
      }
      return names
        .toString("utf8", 0, Number(size))
        .split("\0")
        .filter((name) => name !== "");
    },
    sethostname: (name) => {
      check("sethostname", libc().sethostname(cString(name), BigInt(Buffer.byteLength(name))));
    },
    statfs: (path) => statfs(path),
    syncfs: (fd) => {
      check("syncfs", libc().syncfs(fd));
    },
    prctl: (option, argument) => check("prctl", libc().prctl(option, BigInt(argument), 0n, 0n, 0n)),
    kill: (pid, signal) => {
      try {
        process.kill(pid, signal);
      } catch (cause) {
        throw new SystemError("kill", errnoOf(cause), String(pid), { cause });
      }
    },
    setScheduler: (pid, policy, priority) => {
      const parameter = Buffer.from(Int32Array.of(priority).buffer);
      check("sched_setscheduler", libc().sched_setscheduler(pid, policy, parameter));
    },
    setsid: () => check("setsid", libc().setsid()),
    getpgid: (pid) => check("getpgid", libc().getpgid(pid)),
    umask: (mask) => process.umask(mask),
    restoreSignals: () => {
      for (const signal of [osConstants.signals.SIGPIPE, osConstants.signals.SIGXFSZ]) {
        libc().signal(signal, SIG_DFL);
      }
    },
    setCredentials: ({ uid, gid, groups }) => {
      try {
        process.setgroups?.([...groups]);
        process.setgid?.(gid);
        process.setuid?.(uid);
      } catch (cause) {
        throw new SystemError("setresuid", errnoOf(cause), `${uid}:${gid}`, { cause });
      }
    },
  };
}

/** The errno name that a Node error carries, or "EIO" when it is not one of the system's. */
export function errnoOf(error: unknown): string {
  if (typeof error !== "object" || error === null) {
    return "EIO";
  }
  const name = "errno" in error && typeof error.errno === "string" ? error.errno : undefined;
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  return name ?? code ?? "EIO";
}

function load() {
  const { functions } = ffi.dlopen(null, {
    mount: { arguments: ["pointer", "pointer", "pointer", "uint64", "pointer"], return: "int32" },
    umount2: { arguments: ["pointer", "int32"], return: "int32" },
    unshare: { arguments: ["int32"], return: "int32" },
    setns: { arguments: ["int32", "int32"], return: "int32" },
    chroot: { arguments: ["pointer"], return: "int32" },
    flock: { arguments: ["int32", "int32"], return: "int32" },
    fcntl: { arguments: ["int32", "int32", "int32"], return: "int32" },
    ioctl: { arguments: ["int32", "uint64", "pointer"], return: "int32" },
    mkdirat: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
    mknod: { arguments: ["pointer", "uint32", "uint64"], return: "int32" },
    mkfifo: { arguments: ["pointer", "uint32"], return: "int32" },
    lsetxattr: { arguments: ["pointer", "pointer", "pointer", "uint64", "int32"], return: "int32" },
    lgetxattr: { arguments: ["pointer", "pointer", "pointer", "uint64"], return: "int64" },
    llistxattr: { arguments: ["pointer", "pointer", "uint64"], return: "int64" },
    sethostname: { arguments: ["pointer", "uint64"], return: "int32" },
    syncfs: { arguments: ["int32"], return: "int32" },
    prctl: { arguments: ["int32", "uint64", "uint64", "uint64", "uint64"], return: "int32" },
    signal: { arguments: ["int32", "int64"], return: "int64" },
    sched_setscheduler: { arguments: ["int32", "int32", "pointer"], return: "int32" },
    setsid: { arguments: [], return: "int32" },
    socket: { arguments: ["int32", "int32", "int32"], return: "int32" },
    bind: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
    connect: { arguments: ["int32", "pointer", "uint32"], return: "int32" },
    listen: { arguments: ["int32", "int32"], return: "int32" },
    accept4: { arguments: ["int32", "pointer", "pointer", "int32"], return: "int32" },
    shutdown: { arguments: ["int32", "int32"], return: "int32" },
    pipe2: { arguments: ["pointer", "int32"], return: "int32" },
    recvmsg: { arguments: ["int32", "pointer", "int32"], return: "int64" },
    getpgid: { arguments: ["int32"], return: "int32" },
    syscall: {
      arguments: ["int64", "int64", "pointer", "pointer", "int64", "int64"],
      return: "int64",
    },
    __errno_location: { arguments: [], return: "pointer" },
  });
  // One symbol has one signature per library handle; other shapes of syscall(2) come from handles of their own.
  const at = ffi.dlopen(null, {
    syscall: {
      arguments: ["int64", "int64", "pointer", "int64", "pointer", "int64"],
      return: "int64",
    },
  });
  const paths = ffi.dlopen(null, {
    syscall: { arguments: ["int64", "pointer", "pointer"], return: "int64" },
  });
  const location = functions.__errno_location();
  const errno = (): string => {
    const number = ffi.getInt32(location, 0);
    return ERRNO_NAMES.get(number) ?? `errno ${number}`;
  };
  return {
    ...functions,
    syscallAt: at.functions.syscall,
    syscallPaths: paths.functions.syscall,
    addressOf: (buffer: Buffer) => ffi.getRawPointer(buffer),
    close: closeSync,
    errno,
  };
}

function cString(value: Path): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(value);
  if (bytes.includes(0)) {
    throw new SystemError("open", "EINVAL", text(value).replaceAll("\0", "\\0"));
  }
  return Buffer.concat([bytes, Buffer.of(0)]);
}

function text(path: Path): string {
  return typeof path === "string" ? path : Buffer.from(path).toString();
}

function statfs(path: string): FilesystemUsage {
  try {
    return statfsSync(path);
  } catch (cause) {
    throw new SystemError("statfs", errnoOf(cause), path, { cause });
  }
}
