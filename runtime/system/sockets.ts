// SPDX-License-Identifier: Apache-2.0
// Sockets that Node cannot make: a TCP socket that belongs to another network namespace, a unix socket that keeps message
// boundaries, one on which a descriptor arrives. And plain pipes. Part of kernel.ts.
import { SystemError } from "../errors.ts";
import { O_CLOEXEC } from "./constants.ts";
import type { Sockets } from "./kernel-interface.ts";

/** The functions of libc that are needed, and what kernel.ts has for calling them. */
export interface SocketLibrary {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Buffer, length: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: null, length: null, flags: number): number;
  pipe2(ends: Buffer, flags: number): number;
  shutdown(fd: number, how: number): number;
  recvmsg(fd: number, message: Buffer, flags: number): number | bigint;
  ioctl(fd: number, request: bigint, argument: Buffer): number;
  errno(): string;
  /** The address of a buffer's bytes. */
  addressOf(buffer: Buffer): bigint;
  close(fd: number): void;
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SHUT_WR = 1;
const SIOCSIFFLAGS = 0x8914n;
const IFF_UP = 1;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
/** sun_path of unix(7), with the NUL at its end. */
const MAX_PATH = 108;

export function linuxSockets(library: () => SocketLibrary): Sockets {
  const check = (syscall: string, result: number, path?: string): number => {
    if (result < 0) {
      throw new SystemError(syscall, library().errno(), path);
    }
    return result;
  };
  const open = (domain: number, type: number): number =>
    check("socket", library().socket(domain, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  /** The descriptor, or closed again when `prepare` throws. */
  const opened = (fd: number, prepare: () => void): number => {
    try {
      prepare();
      return fd;
    } catch (error) {
      library().close(fd);
      throw error;
    }
  };
  return {
    openPipe: () => {
      const ends = Buffer.alloc(8);
      check("pipe2", library().pipe2(ends, O_CLOEXEC));
      return { readFd: ends.readInt32LE(0), writeFd: ends.readInt32LE(4) };
    },
    openTcpSocket: (family) => open(family === 4 ? AF_INET : AF_INET6, SOCK_STREAM),
    listenOnUnixSocket: (path) => {
      const address = unixAddress(path);
      const fd = open(AF_UNIX, SOCK_STREAM);
      return opened(fd, () => {
        check("bind", library().bind(fd, address, address.length), path);
        check("listen", library().listen(fd, 1), path);
      });
    },
    acceptConnection: (fd) => {
      const accepted = library().accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
      return accepted < 0 && isNotYet(library().errno()) ? undefined : check("accept4", accepted);
    },
    connectToPacketSocket: (path) => {
      const address = unixAddress(path);
      const fd = open(AF_UNIX, SOCK_SEQPACKET);
      return opened(fd, () => {
        check("connect", library().connect(fd, address, address.length), path);
      });
    },
    raiseLoopback: () => {
      const fd = open(AF_INET, SOCK_DGRAM);
      try {
        check("ioctl", library().ioctl(fd, SIOCSIFFLAGS, interfaceFlags("lo", IFF_UP)), "lo");
      } finally {
        library().close(fd);
      }
    },
    shutdownWrites: (fd) => {
      check("shutdown", library().shutdown(fd, SHUT_WR));
    },
    receiveDescriptor: (fd) => {
      const message = descriptorMessage(library());
      const size = Number(library().recvmsg(fd, message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
      if (size < 0 && isNotYet(library().errno())) {
        return undefined;
      }
      check("recvmsg", size);
      const received = message.descriptor();
      if (received === undefined) {
        throw new SystemError("recvmsg", "ENODATA");
      }
      return received;
    },
  };
}

function isNotYet(errno: string): boolean {
  return errno === "EAGAIN" || errno === "EWOULDBLOCK" || errno === "EINTR";
}

/** struct ifreq of netdevice(7): the name in 16 bytes, then what is asked for, 24 bytes at most. */
function interfaceFlags(name: string, flags: number): Buffer {
  const request = Buffer.alloc(40);
  request.write(name, 0, 15);
  request.writeInt16LE(flags, 16);
  return request;
}

/** struct sockaddr_un. */
function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(`${path}\0`);
  if (bytes.length > MAX_PATH || bytes.indexOf(0) !== bytes.length - 1) {
    throw new SystemError("bind", "ENAMETOOLONG", path);
  }
  const family = Buffer.alloc(2);
  family.writeUInt16LE(AF_UNIX);
  return Buffer.concat([family, bytes]);
}

/** struct msghdr for one byte of data and one descriptor (cmsg(3)), as 64-bit machines lay it out. */
function descriptorMessage(library: SocketLibrary): {
  readonly header: Buffer;
  descriptor(): number | undefined;
} {
  const data = Buffer.alloc(256);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(library.addressOf(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  const control = Buffer.alloc(24);
  const header = Buffer.alloc(56);
  header.writeBigUInt64LE(library.addressOf(vector), 16);
  header.writeBigUInt64LE(1n, 24);
  header.writeBigUInt64LE(library.addressOf(control), 32);
  header.writeBigUInt64LE(BigInt(control.length), 40);
  return {
    header,
    descriptor: () => {
      // Reading all of them here also keeps the buffers alive while the kernel writes to them.
      const alive = data.length > 0 && vector.length > 0 && header.readBigUInt64LE(40) >= 20n;
      const isRights =
        control.readInt32LE(8) === SOL_SOCKET && control.readInt32LE(12) === SCM_RIGHTS;
      return alive && isRights ? control.readInt32LE(16) : undefined;
    },
  };
}
