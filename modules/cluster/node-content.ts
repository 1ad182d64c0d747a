// SPDX-License-Identifier: Apache-2.0
// The arguments of a cluster that may come from other resources, because only what is in a node's config depends on them.

import * as pulumi from "@pulumi/pulumi";
import type { ClusterPlanArgs } from "./plan/cluster-plan.ts";

type Name = "manifests" | "controllerSnippets" | "sshAuthorizedKeys";

/** As planners take them. */
export type NodeContent = { readonly [name in Name]: ClusterPlanArgs[name] };

/** Texts that may come from other resources. */
export type TextInputs = pulumi.Input<readonly pulumi.Input<string>[]> | undefined;

/** As a program gives them. */
export type NodeContentArgs = { readonly [name in Name]?: TextInputs };

/** Those that are plain values: they can be checked at once. */
export function plainContent(args: NodeContentArgs): NodeContent {
  return {
    manifests: plain(args.manifests),
    controllerSnippets: plain(args.controllerSnippets),
    sshAuthorizedKeys: plain(args.sshAuthorizedKeys),
  };
}

/** All of them, once the other resources are there. */
export function knownContent(args: NodeContentArgs): pulumi.Output<NodeContent> {
  const { manifests, controllerSnippets, sshAuthorizedKeys } = args;
  return pulumi.output({ manifests, controllerSnippets, sshAuthorizedKeys });
}

function plain(value: TextInputs): readonly string[] | undefined {
  return isPlain(value) ? value : undefined;
}

/** Whether nothing of it is still to come. What else is wrong with it, the planner says. */
function isPlain(value: TextInputs): value is readonly string[] {
  const parts: readonly unknown[] = Array.isArray(value) ? [value, ...value] : [value];
  return !parts.some((part) => pulumi.Output.isInstance(part) || part instanceof Promise);
}
