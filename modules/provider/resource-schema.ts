// SPDX-License-Identifier: Apache-2.0
// How a resource describes its properties: the framework checks arguments by it, compares by it and publishes it.

export type PropertyType = "string" | "integer" | "number" | "boolean" | "array" | "map" | "object";

export interface PropertySchema {
  readonly type: PropertyType;
  readonly description: string;
  /** Of an array's items or a map's values. */
  readonly items?: PropertySchema;
  /** Of an object. */
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  /** An argument that must be given. */
  readonly required?: boolean;
  /** Taken where the argument is not given. */
  readonly default?: string | number | boolean;
  /** Always encrypted in the state, whatever the program says. */
  readonly secret?: boolean;
  /** A change of the argument needs a new resource. */
  readonly replaces?: boolean;
  /** The only values allowed. */
  readonly values?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  /** The whole text must match; `patternHint` says in words what is wanted. */
  readonly pattern?: RegExp;
  readonly patternHint?: string;
}

export interface ResourceSchema {
  readonly description: string;
  readonly inputs: Readonly<Record<string, PropertySchema>>;
  readonly outputs: Readonly<Record<string, PropertySchema>>;
  /** Outputs that keep their value when the resource is updated in place. */
  readonly stables?: readonly string[];
  /** The old resource is deleted before its replacement is made: they would collide (a port, a path). */
  readonly deleteBeforeReplace?: boolean;
}
