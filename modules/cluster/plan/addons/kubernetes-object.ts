// SPDX-License-Identifier: Apache-2.0
// Kubernetes objects as addons are made of them, and how a user's YAML becomes some.

import { parseAllDocuments } from "yaml";
import { InvalidArgumentError } from "../invalid-argument-error.ts";

/** What every object has; the rest is as its kind wants it. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Reads a user's YAML: one or more Kubernetes objects, or a List of them. */
export function parseManifest(text: string, argument: string): readonly KubernetesObject[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      throw new InvalidArgumentError(argument, firstLine(error.message), { cause: error });
    }
    const value: unknown = document.toJS();
    return value === null ? [] : objects(value, argument);
  });
}

/** The YAML parser draws the place below its message. */
function firstLine(message: string): string {
  return message.split("\n", 1).join("").replace(/:$/, "");
}

function objects(value: unknown, argument: string): readonly KubernetesObject[] {
  if (isRecord(value) && value["kind"] === "List" && Array.isArray(value["items"])) {
    return value["items"].flatMap((item) => objects(item, argument));
  }
  if (!isObject(value)) {
    throw new InvalidArgumentError(
      argument,
      "a document is no Kubernetes object, expected apiVersion, kind and metadata.name",
    );
  }
  return [value];
}

function isObject(value: unknown): value is KubernetesObject {
  return (
    isRecord(value) &&
    typeof value["apiVersion"] === "string" &&
    typeof value["kind"] === "string" &&
    isRecord(value["metadata"]) &&
    typeof value["metadata"]["name"] === "string"
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An account in kube-system. */
export function serviceAccount(name: string): KubernetesObject {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace: "kube-system" } };
}

/** Gives a role of the whole cluster to one subject. */
export function clusterRoleBinding(name: string, role: string, subject: object): KubernetesObject {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
    subjects: [subject],
  };
}
