// SPDX-License-Identifier: Apache-2.0
// Pulumi's mocks around one component: which resources it makes, below which parent, after which others, from what.
import * as pulumi from "@pulumi/pulumi";

/** A resource that a component made. */
export interface MadeResource {
  /** Without package and module: `Mirror`. */
  readonly type: string;
  readonly name: string;
  /** Name of the parent; empty at the top. */
  readonly parent: string;
  /** Names of what `dependsOn` lists, sorted. */
  readonly after: readonly string[];
  /** As the program gave them: outputs are not resolved. */
  readonly given: Readonly<Record<string, unknown>>;
  /** As a provider would get them; without a value in a preview if that is not known yet. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

export interface MockedProgram {
  /** Give them to the component: they see its children too. */
  readonly options: pulumi.ComponentResourceOptions;
  /** All resources, once every one of them is registered. */
  resources(): Promise<readonly MadeResource[]>;
}

/** Outputs of a resource besides its inputs. */
export type MockOutputs = (type: string, name: string) => Readonly<Record<string, unknown>>;

/** Starts mocks; once in a test file, because Pulumi keeps them for the process. */
export async function mockedProgram(
  outputs: MockOutputs,
  { preview }: { readonly preview: boolean },
): Promise<MockedProgram> {
  const inputs = new Map<string, Readonly<Record<string, unknown>>>();
  const seen: Omit<MadeResource, "inputs">[] = [];
  const names = new Map<pulumi.Resource, string>();
  const nameOf = (resource: pulumi.Resource | undefined): string =>
    resource === undefined ? "" : (names.get(resource) ?? "?");
  const mocks: pulumi.runtime.Mocks = {
    newResource: (args) => {
      inputs.set(args.name, args.inputs);
      return {
        id: preview ? undefined : `${args.name}-id`,
        state: { ...args.inputs, ...outputs(shortType(args.type), args.name) },
      };
    },
    call: () => ({}),
  };
  await pulumi.runtime.setMocks(mocks, "shop", "test", preview, "organization");
  const look: pulumi.ResourceTransformation = ({ resource, type, name, props, opts }) => {
    const { parent, dependsOn } = opts;
    const after = Array.isArray(dependsOn) ? dependsOn.filter(pulumi.Resource.isInstance) : [];
    names.set(resource, name);
    seen.push({
      type: shortType(type),
      name,
      parent: nameOf(parent),
      after: after.map(nameOf).sort(),
      given: props,
    });
    return undefined;
  };
  return {
    options: { transformations: [look] },
    resources: async () => {
      await known(pulumi.all([...names.keys()].map(({ urn }) => urn)));
      return seen.map((resource) => ({ ...resource, inputs: inputs.get(resource.name) ?? {} }));
    },
  };
}

/** Resolves when an output is known. */
export function known<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => {
    pulumi.output(output).apply(resolve);
  });
}

function shortType(type: string): string {
  return type.split(":").at(-1) ?? type;
}
