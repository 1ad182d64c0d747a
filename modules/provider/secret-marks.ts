// SPDX-License-Identifier: Apache-2.0
// Marks secrets before values go back to the engine: what the schema calls secret, and what came in as a secret.

import { markSecrets } from "./codec.ts";
import type { PropertyValues } from "./property-value.ts";
import type { PropertySchema, ResourceSchema } from "./resource-schema.ts";
import type { SecretPaths } from "./secret-paths.ts";

/** Marks checked inputs. */
export function protectInputs(
  inputs: PropertyValues,
  schema: ResourceSchema,
  cameIn: SecretPaths,
): PropertyValues {
  return markSecrets(markSecrets(inputs, schemaSecrets(schema.inputs)), cameIn);
}

/** Marks outputs; one that has the name of a secret input is as secret as that. */
export function protectOutputs(
  outputs: PropertyValues,
  schema: ResourceSchema,
  cameIn: SecretPaths,
): PropertyValues {
  const all = { ...schema.inputs, ...schema.outputs };
  return markSecrets(markSecrets(outputs, schemaSecrets(all)), cameIn);
}

function schemaSecrets(schemas: Readonly<Record<string, PropertySchema>>): SecretPaths {
  return new Map(
    Object.entries(schemas).flatMap(([name, schema]) =>
      schema.secret === true ? [[name, true] as const] : [],
    ),
  );
}
