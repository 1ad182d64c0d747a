// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "@jest/globals";
import {
  build,
  dropin,
  errorsOf,
  file,
  type IgnitionConfig,
  merge,
  symlink,
  unit,
  user,
} from "../../../../modules/ignition/index.ts";

const base = (config: IgnitionConfig) => ({ name: "corefly", config });
const snippet = (name: string, config: IgnitionConfig) => ({ name, config });
const messages = (merged: ReturnType<typeof merge>) =>
  errorsOf(merged.findings).map(({ message }) => message);

describe("merge() case CLU-01", () => {
  test("(a) refuses a file below a file of another snippet and names both", () => {
    const merged = merge(base(build({})), [
      snippet("one.ign", build({ files: [file("/etc/a", { content: "a" })] })),
      snippet("two.ign", build({ files: [file("/etc/a/b", { content: "b" })] })),
    ]);
    expect(messages(merged)).toEqual([
      'File "/etc/a/b" (two.ign): is below file "/etc/a" (one.ign), expected a directory there',
    ]);
  });

  test("(b) refuses a unit and a file at the unit's path and names both", () => {
    const path = "/etc/systemd/system/x.service";
    const merged = merge(base(build({ units: [unit("x.service", { contents: "[Unit]\n" })] })), [
      snippet("mine.ign", build({ files: [file(path, { content: "" })] })),
    ]);
    expect(messages(merged)).toEqual([
      `File "${path}" path (mine.ign): is written to "${path}" too, expected one of the two: it is the path of unit "x.service" (corefly)`,
    ]);
  });

  test("(c) keeps one entry for a path, the snippet's link", () => {
    const merged = merge(base(build({ files: [file("/etc/y", { content: "y" })] })), [
      snippet("mine.ign", build({ links: [symlink("/etc/y", "/etc/z")] })),
    ]);
    expect(merged.findings).toEqual([]);
    expect(merged.config.storage).toEqual({
      files: [],
      links: [{ path: "/etc/y", target: "/etc/z", hard: false }],
    });
  });

  test("(d) keeps one user with the keys of both", () => {
    const [a, b] = [sshKey("a"), sshKey("b")];
    const merged = merge(base(build({ users: [user("core", { sshAuthorizedKeys: [a] })] })), [
      snippet("mine.ign", build({ users: [user("core", { sshAuthorizedKeys: [a, b] })] })),
    ]);
    expect(merged.findings).toEqual([]);
    expect(merged.config.passwd).toEqual({
      users: [{ name: "core", sshAuthorizedKeys: [a, b] }],
    });
  });
});

describe("merge()", () => {
  test("lets the snippet win field by field", () => {
    const merged = merge(
      base(
        build({
          files: [file("/etc/a", { content: "ours", mode: 0o600, user: "core" })],
          units: [unit("x.service", { contents: "[Service]\nExecStart=/a\n" })],
        }),
      ),
      [
        snippet(
          "mine.ign",
          build({
            files: [file("/etc/a", { content: "theirs", mode: 0o640 })],
            units: [unit("x.service", { dropins: [dropin("10.conf", "[Service]\nNice=1\n")] })],
          }),
        ),
      ],
    );
    expect(merged.findings).toEqual([]);
    expect(merged.config).toEqual(
      build({
        files: [file("/etc/a", { content: "theirs", mode: 0o640, user: "core" })],
        units: [
          unit("x.service", {
            contents: "[Service]\nExecStart=/a\n",
            dropins: [dropin("10.conf", "[Service]\nNice=1\n")],
          }),
        ],
      }),
    );
  });

  test("refuses a new source with the old one's hash", () => {
    const sha512 = "0".repeat(128);
    const remote = file("/opt/a", { source: "http://10.0.2.2:5000/a", sha512 });
    const merged = merge(base(build({ files: [remote] })), [
      snippet("mine.ign", build({ files: [file("/opt/a", { content: "mine" })] })),
    ]);
    expect(messages(merged)[0]).toBe(
      'File "/opt/a" contents (corefly, mine.ign): has a new source but the old verification.hash, expected the new source\'s own',
    );
  });

  test("names the config that is invalid alone", () => {
    const merged = merge(base(build({})), [
      snippet("mine.ign", build({ units: [unit("x", { enabled: true })] })),
    ]);
    expect(messages(merged)).toEqual([
      'Unit "x" name (mine.ign): has no unit suffix, expected one such as .service, .socket, .mount, .timer',
    ]);
  });
});

/** A key that reads as one; its bytes are nobody's. */
function sshKey(comment: string): string {
  const type = "ssh-ed25519";
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([field(Buffer.from(type)), field(Buffer.alloc(32, comment))]);
  return `${type} ${blob.toString("base64")} ${comment}`;
}
