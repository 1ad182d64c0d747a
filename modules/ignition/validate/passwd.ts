// SPDX-License-Identifier: Apache-2.0
// Checks users and groups. Ignition leaves this to useradd, which fails on the machine.
import type { IgnitionConfig } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";

export function* checkPasswd({ passwd }: IgnitionConfig): Generator<Problem> {
  for (const [index, user] of (passwd?.users ?? []).entries()) {
    const at = ["passwd", "users", index];
    yield* checkName(user.name, at);
    for (const [position, key] of (user.sshAuthorizedKeys ?? []).entries()) {
      const problem = sshKeyProblem(key);
      if (problem === undefined) continue;
      const path = [...at, "sshAuthorizedKeys", position];
      yield {
        code: "IllegalSshKey",
        path: path.slice(0, -1),
        text: `key ${position + 1} ${problem}`,
      };
    }
  }
  for (const [index, group] of (passwd?.groups ?? []).entries()) {
    yield* checkName(group.name, ["passwd", "groups", index]);
  }
}

function* checkName(name: string, at: ConfigPath): Generator<Problem> {
  if (/^[a-z_][a-z0-9_-]{0,30}[a-z0-9_$-]?$/.test(name)) return;
  const text = "has no name that useradd takes, expected at most 32 of a-z, 0-9, _ and -";
  yield { code: "IllegalUserName", path: [...at, "name"], text };
}

const keyTypes =
  /(?:^|\s)((?:sk-)?(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp(?:256|384|521))(?:-cert-v01)?(?:@openssh\.com)?)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/;

/**
 * What is wrong with a line of an `authorized_keys` file, or undefined: it is one line of type, base64 and comment, maybe
 * with options before it, and the base64 says the same type.
 */
export function sshKeyProblem(line: string): string | undefined {
  if (/[\r\n\0]/.test(line.trim())) return "has line breaks, expected one line for each key";
  if (/PRIVATE KEY/.test(line)) return "is a private key, expected a public one";
  const [, type = "", encoded = ""] = keyTypes.exec(line) ?? [];
  if (type === "") return `is not an SSH public key: ${JSON.stringify(line.slice(0, 24))}…`;
  const blob = Buffer.from(encoded, "base64");
  if (blob.length < 4) return "is cut short";
  const length = blob.readUInt32BE(0);
  const inner = blob.toString("latin1", 4, 4 + length);
  if (inner !== type) return `says ${type} but its data says ${JSON.stringify(inner.slice(0, 40))}`;
  return blob.length > 4 + length + 4 ? undefined : "is cut short";
}
