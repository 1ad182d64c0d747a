// SPDX-License-Identifier: Apache-2.0
// The command line's --net, as rkt reads it: `default`, `none`, `host`, `all`, or names with arguments.
import { NotFoundError, UsageError } from "../errors.ts";
import type { NetworkChoice } from "./attach.ts";
import type { Network } from "./network.ts";

/** `host` has no namespace of its own; `none` is the contained choice of no networks: loopback only. */
export type NetChoice =
  | { readonly kind: "host" }
  | { readonly kind: "contained"; readonly networks: readonly NetworkChoice[] };

interface Request {
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
}

/**
 * Resolves the values of all --net flags (`a,b:IP=10.1.2.3;K=V`); no value at all means `default`. Networks come out in the
 * order of `available`, as their interfaces do.
 */
export function chooseNetworks(flags: readonly string[], available: readonly Network[]): NetChoice {
  const requests = parseNetFlags(flags);
  const names = requests.map(({ name }) => name);
  const alone = names.find((name) => name === "host" || name === "none");
  if (alone !== undefined && requests.length > 1) {
    throw new UsageError(`Cannot use --net=${alone} together with other networks`);
  }
  if (alone === "host") {
    return { kind: "host" };
  }
  if (alone === "none") {
    return { kind: "contained", networks: [] };
  }
  const all = names.includes("all");
  const missing = names.filter(
    (name) => name !== "all" && !available.some((network) => network.name === name),
  );
  if (missing.length > 0) {
    throw new NotFoundError(`networks not found: ${missing.map((name) => `"${name}"`).join(", ")}`);
  }
  return {
    kind: "contained",
    networks: available.flatMap((network) => {
      const request = requests.find(({ name }) => name === network.name);
      return request === undefined && !all ? [] : [{ network, args: request?.args ?? {} }];
    }),
  };
}

function parseNetFlags(flags: readonly string[]): readonly Request[] {
  const items = flags.flatMap((flag) => flag.split(",")).map((item) => item.trim());
  const wanted = items.length === 0 ? ["default"] : items.map((item) => item || "default");
  const requests = wanted.map(parseRequest);
  const seen = new Set<string>();
  for (const { name } of requests) {
    if (seen.has(name)) {
      throw new UsageError(`Cannot use network "${name}" twice`);
    }
    seen.add(name);
  }
  return requests;
}

function parseRequest(item: string): Request {
  const colon = item.indexOf(":");
  if (colon < 0) {
    return { name: item, args: {} };
  }
  const pairs = item.slice(colon + 1).split(";");
  const args = pairs.map((pair) => {
    const [name = "", ...value] = pair.split("=");
    if (name === "" || value.length === 0) {
      throw new UsageError(`Cannot read --net=${item}: "${pair}" is not NAME=VALUE`);
    }
    return [name, value.join("=")] as const;
  });
  return { name: item.slice(0, colon), args: Object.fromEntries(args) };
}
