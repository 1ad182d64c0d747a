// SPDX-License-Identifier: Apache-2.0
// What all RPCs of one provider process share: the handlers, the engine to talk to, where state is, and cancellation.

import { join, resolve } from "node:path";
import { defaultCacheDir } from "./build/host.ts";
import { runWithDeadline } from "./deadline.ts";
import { EngineLog } from "./engine-log.ts";
import type { ResourceContext, ResourceHandler } from "./handler.ts";
import { parseUrn } from "./urn.ts";

/** What a provider needs of the outside; tests pass their own. */
export interface ProviderOptions {
  readonly handlers: readonly ResourceHandler[];
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  /** Folder of Pulumi.yaml. */
  readonly projectDir: string;
  readonly engineAddress?: string | undefined;
}

const DEFAULT_TIMEOUT_SECONDS = 600;

/** One operation on one resource, as its RPC sees it. */
export interface Operation {
  /** For messages: `create`, `read`… */
  readonly verb: string;
  readonly urn: string;
  /** The engine's, 0 when the program says nothing. */
  readonly timeoutSeconds: number;
}

/** The provider of one `pulumi` command; it lives until the engine ends it. */
export class Provider {
  readonly handlers: readonly ResourceHandler[];
  readonly version: string;
  readonly #environment: ProviderOptions["environment"];
  readonly #now: () => number;
  readonly #projectDir: string;
  readonly #cancellation = new AbortController();
  #log: EngineLog | undefined;

  constructor(options: ProviderOptions) {
    this.handlers = options.handlers;
    this.version = options.version;
    this.#environment = options.environment;
    this.#now = options.now;
    this.#projectDir = options.projectDir;
    if (options.engineAddress !== undefined) this.attach(options.engineAddress);
  }

  /** From now on messages go to the engine at this address. */
  attach(engineAddress: string): void {
    this.#log?.close();
    // Set by infra/engine where it has no terminal.
    const everySecond = this.#environment["COREFLY_PROGRESS"] !== "lines";
    this.#log = new EngineLog(engineAddress, { everySecond });
  }

  /** Ends all operations that are running, and those to come. Idempotent. */
  cancel(): void {
    this.#cancellation.abort();
  }

  close(): void {
    this.cancel();
    this.#log?.close();
  }

  handlerOf(urn: string): ResourceHandler {
    const { type } = parseUrn(urn);
    const handler = this.handlers.find((candidate) => candidate.type === type);
    if (handler === undefined) {
      const known = this.handlers.map((candidate) => candidate.type).join(", ");
      throw new Error(`Cannot handle resource type "${type}": expected one of ${known}`);
    }
    return handler;
  }

  /**
   * Runs one operation with its context: fails when its time is over or the user cancels, after the handler had the
   * chance to clean up. All its messages have reached the engine when it settles.
   */
  async run<T>(
    operation: Operation,
    work: (handler: ResourceHandler, context: ResourceContext) => Promise<T>,
  ): Promise<T> {
    const handler = this.handlerOf(operation.urn);
    const { type, name } = parseUrn(operation.urn);
    const timeoutSeconds =
      operation.timeoutSeconds || handler.timeoutSeconds || DEFAULT_TIMEOUT_SECONDS;
    try {
      return await runWithDeadline(
        (signal) => work(handler, this.#context(operation.urn, timeoutSeconds, signal)),
        {
          what: `${operation.verb} ${type.split(":").at(-1)} "${name}"`,
          timeoutSeconds,
          signal: this.#cancellation.signal,
        },
      );
    } finally {
      await this.#log?.flush();
    }
  }

  #context(urn: string, timeoutSeconds: number, signal: AbortSignal): ResourceContext {
    const { name, project, stack } = parseUrn(urn);
    const stateDir = resolve(
      this.#environment["COREFLY_STATE"] || join(this.#projectDir, ".state"),
    );
    return {
      urn,
      name,
      project,
      stack,
      projectDir: this.#projectDir,
      stateDir,
      stackDir: join(stateDir, "stacks", stack),
      cacheDir: resolve(defaultCacheDir(this.#environment)),
      timeoutSeconds,
      signal,
      now: this.#now,
      status: (text) => this.#log?.status(urn, text),
      info: (text) => this.#log?.info(urn, text),
      warn: (text) => this.#log?.warn(urn, text),
    };
  }
}
