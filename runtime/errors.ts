// SPDX-License-Identifier: Apache-2.0
// Every failure the runtime reports: one table of codes, from which exit codes, gRPC codes and docs/errors.md come.

/** gRPC status codes that the CRI server answers with (google.golang.org/grpc/codes). */
export const GRPC_CODES = {
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type GrpcCodeName = keyof typeof GRPC_CODES;

/** rkt's exit code for everything that rkt itself reports; 0 to 253 belong to the app. */
export const EXIT_FAILURE = 254;

interface ErrorEntry {
  readonly grpc: GrpcCodeName;
  readonly meaning: string;
}

/** The table: code, what CRI clients get, what it means. docs/errors.md is generated from it. */
export const ERROR_TABLE = {
  USAGE: { grpc: "INVALID_ARGUMENT", meaning: "The command line or request is not understood" },
  NOT_FOUND: {
    grpc: "NOT_FOUND",
    meaning: "A pod, app, image or file that was named does not exist",
  },
  ALREADY_EXISTS: { grpc: "ALREADY_EXISTS", meaning: "Something of that name is there already" },
  INVALID_MANIFEST: {
    grpc: "INVALID_ARGUMENT",
    meaning: "A manifest or configuration file breaks its format",
  },
  INVALID_ARCHIVE: {
    grpc: "INVALID_ARGUMENT",
    meaning: "An image archive is damaged, too large or tries to leave its rootfs",
  },
  TRUST: {
    grpc: "PERMISSION_DENIED",
    meaning:
      "A signature is missing, wrong, expired or made by a key that is not trusted for the name",
  },
  DIGEST_MISMATCH: {
    grpc: "INVALID_ARGUMENT",
    meaning: "Bytes do not have the digest that was asked for",
  },
  POD_STATE: {
    grpc: "FAILED_PRECONDITION",
    meaning: "The pod or app is not in the state that the operation needs",
  },
  LOCKED: { grpc: "ABORTED", meaning: "Somebody else holds the lock" },
  EXEC: { grpc: "INTERNAL", meaning: "A program that the runtime ran failed" },
  SYSTEM: { grpc: "INTERNAL", meaning: "The kernel refused a call" },
  NETWORK: {
    grpc: "UNAVAILABLE",
    meaning: "A server could not be reached or answered with an error",
  },
  TIMEOUT: { grpc: "DEADLINE_EXCEEDED", meaning: "Something took longer than it was given" },
  CANCELLED: { grpc: "CANCELLED", meaning: "The caller gave up" },
  UNSUPPORTED: {
    grpc: "UNIMPLEMENTED",
    meaning: "This kernel, host or version of corefly cannot do that",
  },
  INTERNAL: { grpc: "INTERNAL", meaning: "A bug in corefly" },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_TABLE;

export type ErrorDetails = Readonly<Record<string, unknown>>;

/** Base of every error that is meant for the user: a code, one line of text, details and the cause. */
export class CoreflyError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.details = options.details ?? {};
  }
}

type Options = { cause?: unknown; details?: ErrorDetails };

export class UsageError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("USAGE", message, options);
  }
}

export class NotFoundError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("NOT_FOUND", message, options);
  }
}

export class AlreadyExistsError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("ALREADY_EXISTS", message, options);
  }
}

export class InvalidManifestError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("INVALID_MANIFEST", message, options);
  }
}

export class InvalidArchiveError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("INVALID_ARCHIVE", message, options);
  }
}

export class TrustError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("TRUST", message, options);
  }
}

export class DigestMismatchError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("DIGEST_MISMATCH", message, options);
  }
}

export class PodStateError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("POD_STATE", message, options);
  }
}

export class LockedError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("LOCKED", message, options);
  }
}

export class NetworkError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("NETWORK", message, options);
  }
}

export class TimeoutError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("TIMEOUT", message, options);
  }
}

export class UnsupportedError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("UNSUPPORTED", message, options);
  }
}

export class InternalError extends CoreflyError {
  constructor(message: string, options: Options = {}) {
    super("INTERNAL", message, options);
  }
}

/** A program that the runtime ran did not end with 0, or could not be run; `stderrTail` is at most 4 kB. */
export class ExecError extends CoreflyError {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  readonly stderrTail: string;

  constructor(
    message: string,
    result: { exitCode?: number | undefined; signal?: string | undefined; stderrTail: string },
    options: Options = {},
  ) {
    super("EXEC", message, options);
    this.exitCode = result.exitCode;
    this.signal = result.signal;
    this.stderrTail = result.stderrTail;
  }
}

/** The kernel refused a call: `errno` is its name ("ENOENT"), `syscall` and `path` say which and on what. */
export class SystemError extends CoreflyError {
  readonly errno: string;
  readonly syscall: string;
  readonly path: string | undefined;

  constructor(syscall: string, errno: string, path?: string, options: Options = {}) {
    super(
      "SYSTEM",
      `Cannot ${syscall}${path === undefined ? "" : ` "${path}"`}: ${errno}`,
      options,
    );
    this.errno = errno;
    this.syscall = syscall;
    this.path = path;
  }
}

/** Closes a switch over a union: a value that the compiler says cannot exist. */
export function assertNever(value: never): never {
  throw new InternalError(`Unexpected value: ${JSON.stringify(value)}`);
}
