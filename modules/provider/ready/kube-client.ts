// SPDX-License-Identifier: Apache-2.0
// As little of a Kubernetes client as it takes to ask whether a cluster is ready: GET, with the kubeconfig's keys.

import { request } from "node:https";
import { parse } from "yaml";

/** Who asks where. */
export interface KubeAccess {
  /** Without a slash at the end. */
  readonly server: string;
  readonly caPem: string;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: string;
}

const MAX_BODY_BYTES = 32 << 20;

/** Reads the current context of a kubeconfig that has its certificates inside. */
export function parseKubeconfig(text: string): KubeAccess {
  const config = recordOf(parse(text));
  const name = config["current-context"];
  const context = named(config["contexts"], name, "context");
  const cluster = named(config["clusters"], context["cluster"], "cluster");
  const user = named(config["users"], context["user"], "user");
  return {
    server: textOf(cluster, "server").replace(/\/+$/, ""),
    caPem: pemOf(cluster, "certificate-authority-data"),
    clientCertPem: pemOf(user, "client-certificate-data"),
    clientKeyPem: pemOf(user, "client-key-data"),
  };
}

/** One GET. Throws if there is no answer in time. */
export function kubeGet(
  access: KubeAccess,
  path: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<KubeAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${access.server}${path}`,
      {
        ca: access.caPem,
        cert: access.clientCertPem,
        key: access.clientKeyPem,
        agent: false,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        headers: { accept: "application/json" },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_BODY_BYTES) response.destroy(new Error("the answer is too long"));
          else chunks.push(chunk);
        });
        response.on("error", reject);
        response.on("end", () =>
          resolve({
            status: response.statusCode ?? 0,
            body: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    );
    sent.on("error", reject);
    sent.end();
  });
}

function named(list: unknown, name: unknown, kind: string): Readonly<Record<string, unknown>> {
  const entries = Array.isArray(list) ? list.map(recordOf) : [];
  const found = entries.find((entry) => entry["name"] === name);
  if (found === undefined) throw kubeconfigError(`it has no ${kind} "${String(name)}"`);
  return recordOf(found[kind]);
}

function textOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw kubeconfigError(`it has no ${name}`);
  return value;
}

function pemOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  return Buffer.from(textOf(fields, name), "base64").toString("utf8");
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function kubeconfigError(reason: string): Error {
  return new Error(`Cannot read the kubeconfig: ${reason}`);
}
