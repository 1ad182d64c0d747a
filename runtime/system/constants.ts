// SPDX-License-Identifier: Apache-2.0
// Numbers of the Linux kernel's interface, the same on x86-64 and arm64 unless said otherwise. Names as in the man pages.

// mount(2)
export const MS_RDONLY = 0x1n;
export const MS_NOSUID = 0x2n;
export const MS_NODEV = 0x4n;
export const MS_NOEXEC = 0x8n;
export const MS_REMOUNT = 0x20n;
export const MS_NOSYMFOLLOW = 0x100n;
export const MS_NOATIME = 0x400n;
export const MS_NODIRATIME = 0x800n;
export const MS_BIND = 0x1000n;
export const MS_MOVE = 0x2000n;
export const MS_REC = 0x4000n;
export const MS_UNBINDABLE = 0x20000n;
export const MS_PRIVATE = 0x40000n;
export const MS_SLAVE = 0x80000n;
export const MS_SHARED = 0x100000n;
export const MS_RELATIME = 0x200000n;

// umount2(2)
export const MNT_FORCE = 0x1;
export const MNT_DETACH = 0x2;
export const MNT_EXPIRE = 0x4;
export const UMOUNT_NOFOLLOW = 0x8;

// mount_setattr(2)
export const MOUNT_ATTR_RDONLY = 0x1n;
export const MOUNT_ATTR_NOSUID = 0x2n;
export const MOUNT_ATTR_NODEV = 0x4n;
export const MOUNT_ATTR_NOEXEC = 0x8n;

// unshare(2), setns(2), clone(2)
export const CLONE_NEWNS = 0x20000;
export const CLONE_NEWCGROUP = 0x2000000;
export const CLONE_NEWUTS = 0x4000000;
export const CLONE_NEWIPC = 0x8000000;
export const CLONE_NEWUSER = 0x10000000;
export const CLONE_NEWPID = 0x20000000;
export const CLONE_NEWNET = 0x40000000;

// flock(2)
export const LOCK_SH = 1;
export const LOCK_EX = 2;
export const LOCK_NB = 4;
export const LOCK_UN = 8;

// open(2)
export const O_RDONLY = 0;
export const O_WRONLY = 0o1;
export const O_RDWR = 0o2;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NOCTTY = 0o400;
export const O_TRUNC = 0o1000;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
/** Differ on arm64, where they are exchanged against O_DIRECT and O_LARGEFILE. */
export const O_DIRECTORY = process.arch === "arm64" ? 0o40000 : 0o200000;
export const O_NOFOLLOW = process.arch === "arm64" ? 0o100000 : 0o400000;

// openat2(2)
export const RESOLVE_NO_XDEV = 0x01;
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;
export const AT_FDCWD = -100;
export const AT_RECURSIVE = 0x8000;
export const AT_EMPTY_PATH = 0x1000;

// prctl(2)
export const PR_SET_PDEATHSIG = 1;
export const PR_SET_DUMPABLE = 4;
export const PR_SET_NAME = 15;
export const PR_SET_CHILD_SUBREAPER = 36;
export const PR_SET_NO_NEW_PRIVS = 38;

// sched(7)
export const SCHED_OTHER = 0;
export const SCHED_FIFO = 1;
export const SCHED_RESET_ON_FORK = 0x40000000;

// mknod(2): the kind of file in `mode`
export const S_IFMT = 0o170000;
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFDIR = 0o040000;
export const S_IFBLK = 0o060000;
export const S_IFREG = 0o100000;
export const S_IFLNK = 0o120000;
export const S_IFSOCK = 0o140000;

/** The device number of mknod(2) as glibc packs it. */
export function makeDevice(major: number, minor: number): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)];
  return (
    ((high & 0xfffn) << 8n) | ((high & ~0xfffn) << 32n) | (low & 0xffn) | ((low & ~0xffn) << 12n)
  );
}

/** The inverse of {@link makeDevice}, for the `rdev` of a stat. */
export function splitDevice(device: bigint | number): { major: number; minor: number } {
  const dev = BigInt(device);
  return {
    major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
  };
}
