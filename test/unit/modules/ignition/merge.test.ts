// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import type { Resource, Unit } from "ignition-config-types";
import {
  build,
  directory,
  dropin,
  errorsOf,
  file,
  type IgnitionConfig,
  merge,
  render,
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

describe("merge() follows Ignition's rules:", () => {
  const storage = (section: IgnitionConfig["storage"]): IgnitionConfig => ({
    ignition: { version: "3.3.0" },
    ...(section === undefined ? {} : { storage: section }),
  });
  const contents = (resource: Resource) =>
    storage({ files: [{ path: "/etc/a", contents: resource }] });
  const header = (name: string, value?: string) => ({ name, ...(value ? { value } : {}) });
  const units = (...entries: Unit[]) => build({ units: entries });
  const source = "http://a/";
  const hash = `sha512-${"0".repeat(128)}`;
  const verification = { hash };

  const cases: readonly (readonly [string, IgnitionConfig, IgnitionConfig, IgnitionConfig])[] = [
    [
      "what the child leaves out stays, false and empty text count as set",
      units({ name: "a.service", enabled: true, contents: "[Install]\nAlias=b\n" }),
      units({ name: "a.service", enabled: false, contents: "" }),
      units({ name: "a.service", enabled: false, contents: "" }),
    ],
    [
      "null is as left out",
      units({ name: "a.service", mask: true }),
      units({ name: "a.service", mask: null }),
      units({ name: "a.service", mask: true }),
    ],
    [
      "entries keep the parent's order, new ones follow",
      units({ name: "b.service" }, { name: "a.service" }),
      units({ name: "c.service" }, { name: "a.service", mask: true }),
      units({ name: "b.service" }, { name: "a.service", mask: true }, { name: "c.service" }),
    ],
    [
      "a directory takes the place of a link of its path",
      storage({ links: [symlink("/etc/a", "b"), symlink("/etc/c", "d")] }),
      storage({ directories: [directory("/etc/a")] }),
      storage({ directories: [directory("/etc/a")], links: [symlink("/etc/c", "d")] }),
    ],
    [
      "parts to append add up, even equal ones",
      storage({ files: [file("/etc/a", { append: [{ content: "a" }] })] }),
      storage({ files: [file("/etc/a", { append: [{ content: "a" }] })] }),
      storage({ files: [file("/etc/a", { append: [{ content: "a" }, { content: "a" }] })] }),
    ],
    [
      "options of file systems add up",
      storage({
        filesystems: [{ device: "/dev/a", format: "ext4", options: ["-q"], mountOptions: ["ro"] }],
      }),
      storage({
        filesystems: [{ device: "/dev/a", format: "xfs", options: ["-q"], mountOptions: ["ro"] }],
      }),
      storage({
        filesystems: [
          { device: "/dev/a", format: "xfs", options: ["-q", "-q"], mountOptions: ["ro", "ro"] },
        ],
      }),
    ],
    [
      "a header is replaced, removed without a value, or added",
      contents({ source, verification, httpHeaders: [header("A", "1"), header("B", "2")] }),
      contents({
        source,
        verification,
        httpHeaders: [header("A"), header("B", "3"), header("C", "4")],
      }),
      contents({ source, verification, httpHeaders: [header("B", "3"), header("C", "4")] }),
    ],
    [
      "partitions are told apart by number, else by label",
      storage({
        disks: [{ device: "/dev/a", partitions: [{ number: 1, label: "a" }, { label: "b" }] }],
      }),
      storage({
        disks: [
          {
            device: "/dev/a",
            partitions: [{ number: 1, sizeMiB: 9 }, { label: "b", resize: true }, { label: "c" }],
          },
        ],
      }),
      storage({
        disks: [
          {
            device: "/dev/a",
            partitions: [
              { number: 1, label: "a", sizeMiB: 9 },
              { label: "b", resize: true },
              { label: "c" },
            ],
          },
        ],
      }),
    ],
    [
      "an unwanted kernel argument takes the place of a wanted one",
      build({ kernelArguments: { shouldExist: ["quiet", "a"] } }),
      build({ kernelArguments: { shouldNotExist: ["quiet"] } }),
      build({ kernelArguments: { shouldExist: ["a"], shouldNotExist: ["quiet"] } }),
    ],
    [
      "a new source may say that it is not compressed",
      contents({ source, verification, compression: "gzip" }),
      contents({ source: "data:,a", verification: { hash: sha512Of("a") }, compression: "" }),
      contents({ source: "data:,a", verification: { hash: sha512Of("a") }, compression: "" }),
    ],
  ];

  test.each(cases)("%s", (_rule, parent, child, result) => {
    const merged = merge(base(parent), [snippet("mine.ign", child)]);
    expect(messages(merged)).toEqual([]);
    expect(render(merged.config)).toBe(render(result));
  });

  test("the last of several snippets wins", () => {
    const motd = (content: string) => build({ files: [file("/etc/motd", { content })] });
    const merged = merge(base(motd("1")), [snippet("2", motd("2")), snippet("3", motd("3"))]);
    expect(render(merged.config)).toBe(render(motd("3")));
  });

  test("the merged config has the lowest version that carries all of it", () => {
    const luks = { name: "a", device: "/dev/a", discard: true };
    const merged = merge(base(build({})), [
      snippet("mine.ign", { ignition: { version: "3.5.0" }, storage: { luks: [luks] } }),
    ]);
    expect(merged.config.ignition.version).toBe("3.4.0");
  });

  test("nothing that was given is changed", () => {
    const parent = build({ units: [unit("a.service", { enabled: true })] });
    const child = build({ units: [unit("a.service", { enabled: false })] });
    const before = JSON.stringify([parent, child]);
    merge(base(parent), [snippet("mine.ign", child)]);
    expect(JSON.stringify([parent, child])).toBe(before);
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

  test("names the config even where no entry is at fault", () => {
    const merged = merge(base(build({})), [
      snippet("mine.ign", { ignition: { version: "3.9.0", timeouts: { httpTotal: -1 } } }),
    ]);
    expect(messages(merged)).toEqual([
      'Ignition.version (mine.ign): is "3.9.0", expected one of 3.0.0, 3.1.0, 3.2.0, 3.3.0, 3.4.0, 3.5.0',
      "Ignition.timeouts.httpTotal (mine.ign): is -1, expected a number of seconds",
    ]);
  });

  test("keeps messages short and without passwords", () => {
    const one = {
      source: `http://user:secret@a/${"b".repeat(300)}`,
      verification: { hash: `sha512-${"0".repeat(128)}` },
    };
    const merged = merge(base(build({})), [
      snippet("mine.ign", { ignition: { version: "3.3.0", config: { merge: [one, one] } } }),
    ]);
    const url = `"http://…@a/${"b".repeat(189)}…"`;
    expect(messages(merged)).toEqual([
      `Merged config ${url} (mine.ign): is defined twice, the first is merged config ${url} (mine.ign)`,
    ]);
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

function sha512Of(text: string): string {
  return `sha512-${createHash("sha512").update(text).digest("hex")}`;
}

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
