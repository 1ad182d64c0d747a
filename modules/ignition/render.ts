// SPDX-License-Identifier: Apache-2.0
// Writes a config as the text that machines boot with.
import type { IgnitionConfig } from "ignition-config-types";
import { isFields } from "./shape.ts";
import { minimumVersion } from "./version.ts";

/**
 * The config as canonical JSON: the lowest spec version that carries it, keys sorted, nothing empty, no spaces, so equal
 * configs are equal texts. Lists keep their order. Does not validate.
 */
export function render(config: IgnitionConfig): string {
  const version = minimumVersion(config);
  const versioned = { ...config, ignition: { ...config.ignition, version } };
  return JSON.stringify(canonical(versioned));
}

/** What a rendered config counts against a platform's limit: bytes, not characters. */
export function byteSize(rendered: string): number {
  return new TextEncoder().encode(rendered).byteLength;
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isFields(value)) return value;
  const fields: Record<string, unknown> = {};
  for (const name of Object.keys(value).sort()) {
    const field = canonical(value[name]);
    if (!isEmpty(field)) fields[name] = field;
  }
  return fields;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isFields(value) && Object.keys(value).length === 0;
}
