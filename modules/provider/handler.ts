// SPDX-License-Identifier: Apache-2.0
// What one kind of resource implements; the provider server does the rest (wire format, secrets, unknowns, timeouts).

import type { PropertyValues } from "./property-value.ts";
import type { ResourceSchema } from "./resource-schema.ts";

/** What a handler gets besides its values. */
export interface ResourceContext {
  readonly urn: string;
  /** The resource's name in the program. */
  readonly name: string;
  readonly project: string;
  readonly stack: string;
  /** Folder of Pulumi.yaml. */
  readonly projectDir: string;
  /** State of all stacks: $COREFLY_STATE, else `<project>/.state`. */
  readonly stateDir: string;
  /** State of this stack: `<stateDir>/stacks/<stack>`. Not created by the framework. */
  readonly stackDir: string;
  /** Content-addressed artefacts, shared by all stacks. */
  readonly cacheDir: string;
  /** `customTimeouts` of the program, else the handler's own default. */
  readonly timeoutSeconds: number;
  /** Fires on Ctrl-C, and when the time is over. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Shown in the resource's row until the next one; nothing is kept. */
  status(text: string): void;
  /** A line of the diagnostics. */
  info(text: string): void;
  warn(text: string): void;
}

/**
 * An argument that cannot be used. `property` as in the program, for example `dnsNames[2]`; users see
 * `Invalid argument "dnsNames[2]": reason`.
 */
export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface CheckResult {
  readonly inputs: PropertyValues;
  readonly failures: readonly CheckFailure[];
}

export type DiffKind = "add" | "delete" | "update";

export interface DiffResult {
  readonly changes: boolean;
  /** Properties because of which a new resource is needed. */
  readonly replaces: readonly string[];
  /** What changes, by property path; of an input unless listed in `outputs` of the schema only. */
  readonly detailed: Readonly<Record<string, DiffKind>>;
  /** Overrides the schema's. */
  readonly deleteBeforeReplace?: boolean;
}

export interface CreateResult {
  readonly id: string;
  readonly outputs: PropertyValues;
}

export interface ReadResult {
  readonly id: string;
  readonly inputs: PropertyValues;
  readonly outputs: PropertyValues;
}

/**
 * One kind of resource. In every method `olds` are the old inputs with the old outputs on top, `news` and `inputs` what
 * `check` returned; outputs need not repeat inputs. A thrown error becomes one line for the user: its message.
 */
export interface ResourceHandler {
  /** `corefly:index:Name`. */
  readonly type: string;
  readonly schema: ResourceSchema;
  /** Without `customTimeouts`; the framework's default is 10 minutes. */
  readonly timeoutSeconds?: number;
  /** Every `up` and `preview` reads the resource first, because it can die on its own: a machine, a server, a file. */
  readonly refreshBeforeUpdate?: boolean;
  /**
   * Called after types, ranges and required arguments were checked by the schema and defaults set. Runs in previews
   * too: must not change anything. Inputs may have unknowns.
   */
  check?(
    olds: PropertyValues | undefined,
    news: PropertyValues,
    context: ResourceContext,
  ): Promise<CheckResult>;
  /** Default: `diffBySchema` of diff.ts, which compares inputs and replaces where the schema says so. */
  diff?(olds: PropertyValues, news: PropertyValues, context: ResourceContext): Promise<DiffResult>;
  /**
   * What a preview knows of the outputs of a create (no `olds`) or update. Default: nothing, but an update keeps what
   * `stables` of the schema names.
   */
  plan?(
    olds: PropertyValues | undefined,
    news: PropertyValues,
    context: ResourceContext,
  ): Promise<PropertyValues>;
  /** Never called in a preview. No unknowns. */
  create(inputs: PropertyValues, context: ResourceContext): Promise<CreateResult>;
  /** What is really there; undefined: it is gone. Must work when nothing of it answers. Default: as recorded. */
  read?(
    id: string,
    olds: PropertyValues,
    context: ResourceContext,
  ): Promise<ReadResult | undefined>;
  /** Only needed where some change does not replace. Returns the outputs. */
  update?(
    id: string,
    olds: PropertyValues,
    news: PropertyValues,
    context: ResourceContext,
  ): Promise<PropertyValues>;
  /** Idempotent: what is gone already is no failure. Default: nothing to delete outside the state. */
  delete?(id: string, olds: PropertyValues, context: ResourceContext): Promise<void>;
}

/**
 * Thrown by `create` and `update` when the resource exists but did not become what was asked for: it is recorded with
 * these outputs, shown as failed, and the next `up` updates it.
 */
export class PartialCreateError extends Error {
  readonly id: string;
  readonly outputs: PropertyValues;

  constructor(id: string, outputs: PropertyValues, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "PartialCreateError";
    this.id = id;
    this.outputs = outputs;
  }
}
