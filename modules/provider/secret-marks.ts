// SPDX-License-Identifier: Apache-2.0
// Marks secrets before values go back to the engine: what the schema calls secret, and what came in as a secret.

import { markSecrets } from "./codec.ts";
import { PartialCreateError } from "./handler.ts";
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

/** Runs what makes a resource, so that the outputs of a half-made one are marked too. */
export async function protectPartial<T>(
  schema: ResourceSchema,
  cameIn: SecretPaths,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof PartialCreateError)) throw error;
    const outputs = protectOutputs(error.outputs, schema, cameIn);
    throw new PartialCreateError(error.id, outputs, error.message, { cause: error });
  }
}

function schemaSecrets(schemas: Readonly<Record<string, PropertySchema>>): SecretPaths {
  return new Map(
    Object.entries(schemas).flatMap(([name, schema]) =>
      schema.secret === true ? [[name, true] as const] : [],
    ),
  );
}
