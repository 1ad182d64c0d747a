// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import { sshKeyProblem } from "../../../../../modules/ignition/index.ts";

/** A key's data: its type and something after it. */
function keyData(type: string, rest = Buffer.alloc(36, 1)): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type), rest]).toString("base64");
}

const types = [
  "ssh-rsa",
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp521",
  "sk-ssh-ed25519@openssh.com",
  "sk-ecdsa-sha2-nistp256@openssh.com",
  "ssh-ed25519-cert-v01@openssh.com",
];

describe("sshKeyProblem()", () => {
  test.each(types)("takes %s", (type) => {
    expect(sshKeyProblem(`${type} ${keyData(type)}`)).toBeUndefined();
    expect(sshKeyProblem(`${type} ${keyData(type)} me@there\n`)).toBeUndefined();
    const options = 'from="10.0.0.0/8",command="echo ssh-rsa"';
    expect(sshKeyProblem(`${options} ${type} ${keyData(type)} a b`)).toBeUndefined();
  });

  test.each([
    ["", "is not an SSH public key"],
    ["ssh-ed25519", "is not an SSH public key"],
    [`ssh-ed448 ${keyData("ssh-ed448")}`, "is not an SSH public key"],
    ["ssh-ed25519 !!!", "is not an SSH public key"],
    ["ssh-ed25519 AAAA", "is cut short"],
    [`ssh-ed25519 ${keyData("ssh-ed25519", Buffer.alloc(2))}`, "is cut short"],
    [`ssh-rsa ${keyData("ssh-ed25519")}`, 'says ssh-rsa but its data says "ssh-ed25519"'],
    [`ssh-rsa ${keyData("ssh-rsa")}\nssh-rsa ${keyData("ssh-rsa")}`, "has line breaks"],
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "is a private key"],
  ])("refuses %j", (line, problem) => {
    expect(sshKeyProblem(line)).toContain(problem);
  });
});
