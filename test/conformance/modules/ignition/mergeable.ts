// SPDX-License-Identifier: Apache-2.0
// Random valid configs from few names, so that merging them meets every rule of Ignition's. For merge.test.ts.
import fc from "fast-check";
import type { IgnitionConfig } from "../../../../modules/ignition/index.ts";

const opt = { requiredKeys: [] };
const word = fc.constantFrom("a", "b", "c");
const words = fc.array(word, { maxLength: 3 });
const uniqueWords = fc.uniqueArray(word, { maxLength: 3 });
const number = fc.integer({ min: 0, max: 3 });
const flag = fc.boolean();

function list<T>(item: fc.Arbitrary<T>, key: (item: T) => unknown): fc.Arbitrary<T[]> {
  return fc.uniqueArray(item, { selector: key, maxLength: 3 });
}

const header = fc.record(
  { name: word, value: fc.option(word, { nil: null }) },
  { requiredKeys: ["name"] },
);
const hash = word.map((letter) => `sha512-${letter.repeat(128)}`);
const verification = fc.record({ hash });
const remote = fc.record(
  {
    source: word.map((name) => `http://${name}/`),
    httpHeaders: list(header, ({ name }) => name),
    verification,
    compression: fc.constantFrom("gzip", ""),
  },
  { requiredKeys: ["source"] },
);
const inline = fc.record(
  { source: word.map((text) => `data:,${text}`), verification },
  { requiredKeys: ["source"] },
);
const resource = fc.oneof(remote, inline, fc.record({ compression: fc.constant("gzip") }));
const sourced = fc.oneof(remote, inline);
const sources = list(sourced, ({ source }) => source);

const principal = fc.oneof(fc.record({ id: number }), fc.record({ name: word }), fc.constant({}));
const path = fc.constantFrom("/a", "/b", "/c", "/d");
const node = { path, user: principal, group: principal };
const file = fc.record(
  { ...node, mode: number, contents: resource, append: fc.array(sourced, { maxLength: 2 }) },
  { requiredKeys: ["path"] },
);
const directory = fc.record({ ...node, mode: number, overwrite: flag }, { requiredKeys: ["path"] });
const link = fc.record(
  { ...node, target: word, hard: flag, overwrite: flag },
  { requiredKeys: ["path", "target"] },
);

/** Each path is in one of the three lists. */
const nodes = fc
  .record({
    files: list(file, (f) => f.path),
    directories: list(directory, (d) => d.path),
    links: list(link, (l) => l.path),
  })
  .map(({ files, directories, links }) => {
    const taken = new Set(files.map((entry) => entry.path));
    const free = directories.filter((entry) => !taken.has(entry.path));
    for (const entry of free) taken.add(entry.path);
    return { files, directories: free, links: links.filter((entry) => !taken.has(entry.path)) };
  });

const partition = fc.oneof(
  fc.record(
    {
      number: fc.integer({ min: 1, max: 3 }),
      typeGuid: fc.constant(""),
      resize: flag,
      wipePartitionEntry: flag,
    },
    { requiredKeys: ["number"] },
  ),
  fc.record({ label: word, sizeMiB: number, resize: flag }, { requiredKeys: ["label"] }),
);
const disk = fc.record(
  {
    device: path,
    wipeTable: flag,
    partitions: list(partition, (p) => ("number" in p ? p.number : p.label)),
  },
  { requiredKeys: ["device"] },
);
const raid = fc.record(
  {
    name: word,
    level: fc.constantFrom("1", "5"),
    spares: number,
    devices: fc.uniqueArray(path, { minLength: 1 }),
    options: words,
  },
  { requiredKeys: ["name", "level", "devices"] },
);
const tang = fc.record(
  { url: word.map((name) => `http://${name}`), thumbprint: word, advertisement: fc.constant("{}") },
  { requiredKeys: ["url", "thumbprint"] },
);
const clevis = fc.oneof(
  fc.record({ tpm2: flag, threshold: number, tang: list(tang, ({ url }) => url) }, opt),
  fc.record({
    custom: fc.record({ pin: fc.constantFrom("tpm2", "sss"), config: word, needsNetwork: flag }),
  }),
);
const luks = fc.record(
  {
    name: word,
    device: path,
    label: word,
    keyFile: inline,
    clevis,
    options: words,
    openOptions: uniqueWords,
    discard: flag,
  },
  { requiredKeys: ["name", "device"] },
);
const filesystem = fc.record(
  {
    device: path,
    format: fc.constantFrom("ext4", "xfs"),
    label: word,
    options: words,
    mountOptions: words,
    wipeFilesystem: flag,
    path,
  },
  { requiredKeys: ["device", "format"] },
);
const storage = fc
  .tuple(
    nodes,
    fc.record(
      {
        disks: list(disk, (d) => d.device),
        raid: list(raid, (r) => r.name),
        luks: list(luks, (l) => l.name),
        filesystems: list(filesystem, (f) => f.device),
      },
      opt,
    ),
  )
  .map(([tree, rest]) => ({ ...tree, ...rest }));

const dropin = fc.record(
  { name: fc.constantFrom("1.conf", "2.conf"), contents: fc.constantFrom("", "[Unit]\n") },
  { requiredKeys: ["name"] },
);
const unit = fc.record(
  {
    name: fc.constantFrom("a.service", "b.timer"),
    contents: fc.constantFrom("", "[Unit]\nA=b\n", "[Unit]\nA=c\n"),
    enabled: flag,
    mask: flag,
    dropins: list(dropin, (d) => d.name),
  },
  { requiredKeys: ["name"] },
);
const user = fc.record(
  {
    name: word,
    uid: number,
    sshAuthorizedKeys: uniqueWords,
    groups: uniqueWords,
    shell: word,
    system: flag,
    passwordHash: fc.constantFrom("", "x"),
  },
  { requiredKeys: ["name"] },
);
const group = fc.record({ name: word, gid: number, shouldExist: flag }, { requiredKeys: ["name"] });

/** An argument is wanted or unwanted, not both. */
const kernelArguments = fc.tuple(uniqueWords, uniqueWords).map(([wanted, unwanted]) => ({
  shouldExist: wanted,
  shouldNotExist: unwanted.filter((argument) => !wanted.includes(argument)),
}));

const ignition = fc.record(
  {
    version: fc.constant("3.5.0"),
    config: fc.record({ merge: sources, replace: inline }, opt),
    security: fc.record({ tls: fc.record({ certificateAuthorities: sources }) }),
    timeouts: fc.record({ httpTotal: number, httpResponseHeaders: number }, opt),
    proxy: fc.record(
      { httpProxy: fc.constantFrom("http://a", "http://b"), noProxy: uniqueWords },
      opt,
    ),
  },
  { requiredKeys: ["version"] },
);

/** Valid alone by Ignition's rules; by ours too, except for hashes and SSH keys. */
export const mergeable: fc.Arbitrary<IgnitionConfig> = fc.record(
  {
    ignition,
    storage,
    systemd: fc.record({ units: list(unit, (u) => u.name) }),
    passwd: fc.record({ users: list(user, (u) => u.name), groups: list(group, (g) => g.name) }),
    kernelArguments,
  },
  { requiredKeys: ["ignition"] },
);
