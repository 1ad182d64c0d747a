// SPDX-License-Identifier: Apache-2.0
// What a resource's URN says: urn:pulumi:<stack>::<project>::<parent$types$type>::<name>.

export interface ParsedUrn {
  readonly stack: string;
  readonly project: string;
  readonly type: string;
  readonly name: string;
}

export function parseUrn(urn: string): ParsedUrn {
  const match = /^urn:pulumi:([^:]+)::([^:]+)::(.+?)::(.*)$/s.exec(urn);
  if (match === null) throw new TypeError(`Cannot read URN "${urn}": found another form`);
  const [, stack = "", project = "", types = "", name = ""] = match;
  return { stack, project, type: types.split("$").at(-1) ?? "", name };
}
