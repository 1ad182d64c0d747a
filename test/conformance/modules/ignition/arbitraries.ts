// SPDX-License-Identifier: Apache-2.0
// Random configs, unit texts and URLs, most of them nearly right. For properties.test.ts.
import fc from "fast-check";
import {
  directory,
  dropin,
  file,
  filesystem,
  group,
  hardLink,
  maskedUnit,
  type Parts,
  symlink,
  unit,
  user,
} from "../../../../modules/ignition/index.ts";

/** Mostly right: a config of several parts is only right if all of them are. */
function mostly<T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: right, weight: 15 }, { arbitrary: wrong, weight: 1 });
}

const segment = mostly(
  fc.constantFrom("a", "b", "etc", "opt", "systemd", "system", "x.service", "1.conf"),
  fc.string({ maxLength: 6 }),
);
const path = fc.oneof(
  fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join("/")}`),
  fc.constantFrom("/etc/systemd/system/x.service", "/etc/systemd/system/x.service.d/1.conf"),
);
const mode = mostly(fc.integer({ min: 0, max: 0o777 }), fc.integer({ min: 0o777, max: 0o10001 }));
const unitText = fc.constantFrom(
  "",
  "[Unit]\nA=b\n",
  "# c\n[Service]\nA=b \\\n c\n[Install]\nAlias=y\n",
);
const text = fc.string({ unit: "grapheme", maxLength: 20 });

/** Text made of what matters to a parser of unit files. */
export const nearlyUnitText = fc
  .array(
    fc.oneof(
      fc.constantFrom("[", "]", "=", "\\", "\n", "\r\n", "#", ";", " ", "\t", "a", "[Unit]\n"),
      fc.constantFrom(
        "[Install]\n",
        "A=b\n",
        "A=b \\\n",
        "# c\n",
        "\\\n",
        "\u0085",
        "\ufeff",
        "\u2028",
      ),
      fc.constantFrom("x".repeat(2047), "x".repeat(2048), `A=${"é".repeat(1023)}\n`),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join(""));

/** Text made of what matters to a parser of URLs. */
export const nearlyUrl = fc.oneof(
  fc.webUrl({ withFragments: true, withQueryParameters: true }),
  fc
    .tuple(
      fc.constantFrom(
        "http://",
        "https://",
        "HTTP://",
        "s3://",
        "gs://",
        "tftp://",
        "http:",
        "arn:aws:s3:::",
        "data:",
        "//",
      ),
      fc.array(
        fc.constantFrom(
          "a",
          "b.c",
          ":",
          "@",
          "/",
          "//",
          "?",
          "#",
          "%",
          "%20",
          "%zz",
          "[",
          "]",
          "::1",
          "[::1]",
          "[a]",
          "0",
          "8080",
          " ",
          "\u00e4",
          "{",
          "|",
          "^",
          "\\",
          "versionId=",
          "&",
          ";",
          ",",
          "+",
          "*",
          '"',
          "<",
          "base64",
          "text/plain",
          "=",
        ),
        { maxLength: 7 },
      ),
    )
    .map(([scheme, pieces]) => scheme + pieces.join("")),
  fc
    .tuple(
      fc.constantFrom("data:,", "data:;base64,", "data:text/plain,", "data:x-a/b;c=d,"),
      fc.string({ maxLength: 8 }),
    )
    .map(([head, body]) => head + body),
  fc
    .uint8Array({ maxLength: 9 })
    .map((bytes) => `data:;base64,${Buffer.from(bytes).toString("base64")}`),
);

const files = fc
  .record({ path, content: text, mode, overwrite: fc.boolean() })
  .map(({ path: at, ...options }) => file(at, options));
const directories = fc
  .record({ path, mode })
  .map(({ path: at, mode: bits }) => directory(at, { mode: bits }));
const links = fc
  .record({ path, target: fc.oneof(path, segment), hard: fc.boolean() })
  .map(({ path: at, target, hard }) => (hard ? hardLink(at, target) : symlink(at, target)));
const unitName = mostly(
  fc.constantFrom("x.service", "y.timer", "z@.service", "z@1.service"),
  segment.map((name) => `${name}.service`),
);
const dropins = fc.array(
  fc
    .record({
      name: mostly(fc.constantFrom("1.conf", "2.conf"), fc.constant("a.txt")),
      contents: mostly(unitText, nearlyUnitText),
    })
    .map(({ name, contents }) => dropin(name, contents)),
  { maxLength: 2 },
);
const units = fc.oneof(
  fc
    .record({
      name: unitName,
      contents: mostly(unitText, nearlyUnitText),
      enabled: fc.boolean(),
      dropins,
    })
    .map(({ name, ...options }) => unit(name, options)),
  unitName.map(maskedUnit),
);
const names = mostly(fc.constantFrom("core", "_a", "b-c"), fc.string({ maxLength: 5 }));
const users = fc
  .record({ name: names, uid: fc.nat(), groups: fc.array(names, { maxLength: 2 }) })
  .map(({ name, ...options }) => user(name, options));
const groups = fc
  .record({ name: names, gid: fc.nat() })
  .map(({ name, ...options }) => group(name, options));
const filesystems = fc
  .record({
    device: path,
    format: fc.constantFrom("ext4", "xfs", "vfat", "none"),
    label: fc.string({ maxLength: 12 }),
    path,
  })
  .map(({ device, ...options }) => filesystem(device, options));

/** What the builders can be given, small enough that some of it is right. */
export const anyParts: fc.Arbitrary<Parts> = fc.record(
  {
    files: fc.array(files, { maxLength: 2 }),
    directories: fc.array(directories, { maxLength: 1 }),
    links: fc.array(links, { maxLength: 1 }),
    units: fc.array(units, { maxLength: 2 }),
    users: fc.array(users, { maxLength: 1 }),
    groups: fc.array(groups, { maxLength: 1 }),
    filesystems: fc.array(filesystems, { maxLength: 1 }),
    kernelArguments: fc.record({
      shouldExist: fc.array(text, { maxLength: 2 }),
      shouldNotExist: fc.array(text, { maxLength: 1 }),
    }),
  },
  { requiredKeys: [] },
);
