// SPDX-License-Identifier: Apache-2.0
// What the runtime asks of the kernel beyond files and processes: the contract that kernel.ts and the recording double keep.

/** A path as text, or as the bytes that an archive or directory holds. Never with a NUL inside. */
export type Path = string | Uint8Array;

export interface FilesystemUsage {
  /** The magic number of the kind of file system. */
  readonly type: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly bsize: number;
  readonly files: number;
  readonly ffree: number;
}

/** Sockets and pipes that Node cannot make. They close on exec; sockets do not block. */
export interface Sockets {
  /** Both ends block. */
  openPipe(): { readonly readFd: number; readonly writeFd: number };
  /** Not connected; it belongs for ever to the network namespace of the moment. */
  openTcpSocket(family: 4 | 6): number;
  listenOnUnixSocket(path: string): number;
  /** undefined while nobody has connected. */
  acceptConnection(fd: number): number | undefined;
  /** A unix socket of type SOCK_SEQPACKET: each read(2) is a message. */
  connectToPacketSocket(path: string): number;
  /** Brings up the interface `lo` of the network namespace of the moment; ::1 comes with it. */
  raiseLoopback(): void;
  /** Ends our direction: the peer reads to its end. */
  shutdownWrites(fd: number): void;
  /** The descriptor that somebody sent over a unix socket (SCM_RIGHTS); undefined while none has come. */
  receiveDescriptor(fd: number): number | undefined;
}

/** All are synchronous and throw {@link SystemError} with the name of the errno. */
export interface Kernel extends Sockets {
  mount(
    source: string,
    target: string,
    fstype: string,
    flags: number | bigint,
    data?: string,
  ): void;
  /** mount_setattr(2) on a path, or on a descriptor of a mount's root; with `recursive` for the whole tree below. */
  setMountAttributes(
    mount: string | number,
    attributes: {
      readonly set?: bigint;
      readonly clear?: bigint;
      readonly propagation?: bigint;
      readonly recursive?: boolean;
    },
  ): void;
  /** open_tree(2) with OPEN_TREE_CLONE: a copy of the mount at `path`, with all below it or without, that is nowhere yet. */
  cloneTree(path: string, options?: { readonly recursive?: boolean }): number;
  /** move_mount(2): puts what cloneTree answered over the directory or file that `targetFd` is open on. */
  placeTree(treeFd: number, targetFd: number): void;
  umount(target: string, flags?: number): void;
  pivotRoot(newRoot: string, putOld: string): void;
  unshare(flags: number): void;
  setns(fd: number, type: number): void;
  chroot(path: string): void;
  /** false when LOCK_NB was given and somebody else has the lock. */
  flock(fd: number, operation: number): boolean;
  /** Keeps the descriptor open over exec (clears FD_CLOEXEC). */
  setInheritable(fd: number): void;
  setCloseOnExec(fd: number): void;
  /** Clears O_NONBLOCK, which Node sets on pipes that it writes to and programs do not expect. Fine when it is closed. */
  setBlocking(fd: number): void;
  setNonBlocking(fd: number): void;
  /** undefined when the descriptor is no terminal. */
  windowSize(fd: number): { readonly rows: number; readonly columns: number } | undefined;
  /** What waits in a pipe or fifo to be read; either end will do. */
  unreadBytes(fd: number): number;
  setWindowSize(fd: number, size: { readonly rows: number; readonly columns: number }): void;
  /** A terminal passes on what is typed and shown as it is (cfmakeraw(3)); what is answered undoes that. */
  makeRaw(fd: number): () => void;
  /**
   * openat2(2) with RESOLVE_IN_ROOT and no magic links: absolute paths, `..` and symlinks stay inside the directory `rootFd`.
   * The descriptor closes on exec. `mode` counts only with O_CREAT.
   */
  openInRoot(rootFd: number, path: Path, flags: number, mode?: number): number;
  /** As openInRoot, but a path or symlink that leaves the directory is refused (EXDEV) instead of held inside. */
  openBeneath(rootFd: number, path: Path, flags: number, mode?: number): number;
  mkdirat(dirFd: number, name: Path, mode: number): void;
  mknod(path: Path, mode: number, device?: bigint): void;
  mkfifo(path: Path, mode: number): void;
  lsetxattr(path: Path, name: string, value: Uint8Array): void;
  /** undefined when the attribute is not there. */
  lgetxattr(path: Path, name: string): Uint8Array | undefined;
  llistxattr(path: Path): readonly string[];
  sethostname(name: string): void;
  statfs(path: string): FilesystemUsage;
  syncfs(fd: number): void;
  prctl(option: number, argument: number | bigint): number;
  /** Throws ESRCH when there is no such process; signal 0 only asks. */
  kill(pid: number, signal: number | NodeJS.Signals): void;
  /** sched_setscheduler(2); `policy` may have SCHED_RESET_ON_FORK in it. */
  setScheduler(pid: number, policy: number, priority: number): void;
  setsid(): number;
  getpgid(pid: number): number;
  /** Sets umask, returns the old one. */
  umask(mask: number): number;
  /** Signals that Node ignores (SIGPIPE, SIGXFSZ) get their default action back: ignored ones stay ignored over exec. */
  restoreSignals(): void;
  /** setgroups, setresgid, setresuid, in this order, for every thread. */
  setCredentials(ids: {
    readonly uid: number;
    readonly gid: number;
    readonly groups: readonly number[];
  }): void;
}
