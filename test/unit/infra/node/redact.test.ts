// SPDX-License-Identifier: Apache-2.0
// What a support bundle must not have in it, wherever it stands.
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "@jest/globals";
import { bundleFiles, type Findings } from "../../../../infra/node/plan/bundle.ts";
import { redactConfig, redactJournalLine, redactor } from "../../../../infra/node/plan/redact.ts";
import { secretsOf } from "../../../../infra/node/plan/secrets.ts";
import {
  NO_TIMELINE,
  nodeTimeline,
  watchTimeline,
} from "../../../../infra/report/plan/timeline.ts";
import { dataUrl } from "../../../../modules/ignition/data-url.ts";
import { JournalWriter, startOfNode } from "../../../helpers/journal.ts";

const CANARY = "canary-7f3a9c";
const KEY_LINE = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
const PEM = `-----BEGIN PRIVATE KEY-----\n${KEY_LINE}\n-----END PRIVATE KEY-----\n`;

const file = (path: string, content: string, mode?: number) => ({
  path,
  ...(mode === undefined ? {} : { mode }),
  contents: { source: dataUrl(content) },
});

/** Ways in which a config holds a secret; each is found elsewhere too. */
const CONFIGS: Readonly<Record<string, object>> = {
  "a file for root": { storage: { files: [file("/etc/token", `${CANARY}\n`, 0o600)] } },
  "a compressed file for root": {
    storage: {
      files: [
        {
          path: "/etc/token",
          mode: 0o400,
          contents: { compression: "gzip", source: dataUrl(gzipSync(`token ${CANARY}`)) },
        },
      ],
    },
  },
  "a variable that everybody reads": {
    storage: { files: [file("/etc/env", `USER=web\nDB_PASSWORD="${CANARY}"\n`, 0o644)] },
  },
  "a file's added part": {
    storage: {
      files: [{ path: "/etc/x", mode: 0o600, append: [{ source: dataUrl(`x ${CANARY}`) }] }],
    },
  },
  "a unit's environment": {
    systemd: {
      units: [{ name: "a.service", dropins: [{ contents: `Environment=API_TOKEN=${CANARY}` }] }],
    },
  },
  "a password's hash": { passwd: { users: [{ name: "core", passwordHash: CANARY }] } },
  "a disk's key": { storage: { luks: [{ name: "d", keyFile: { source: dataUrl(CANARY) } }] } },
  "a Kubernetes Secret": {
    storage: {
      files: [
        file(
          "/etc/kubernetes/addons/x.yaml",
          `kind: Secret\nstringData:\n  any: ${CANARY}\n`,
          0o600,
        ),
      ],
    },
  },
  "a pod's variable": {
    storage: {
      files: [
        file(
          "/etc/kubernetes/addons/x.yaml",
          `kind: Pod\nspec:\n  containers:\n  - env:\n    - name: DB_PASSWORD\n      value: ${CANARY}\n`,
          0o600,
        ),
      ],
    },
  },
};

const JOURNAL = startOfNode()
  .from(50, "a.service", `said ${CANARY} aloud`)
  .from(50, "b.service", [...Buffer.from(`\u00ff ${CANARY}`)] as unknown as string)
  .from(51, "c.service", `multi\nline ${CANARY}\nend`)
  .say(52, { _PID: "1", UNIT: "c.service", MESSAGE: "c.service: Failed with result 'signal'." });

const timeline = nodeTimeline(JOURNAL.entries.reduce(watchTimeline, NO_TIMELINE), {
  node: "n",
  poweredOnAtMs: undefined,
  seen: undefined,
});

const findings = (config: object): Findings => ({
  node: "n",
  stack: "dev",
  atMs: 0,
  ignition: JSON.stringify({ ignition: { version: "3.3.0" }, ...config }),
  journal: JOURNAL.lines,
  console: `boot ${CANARY}\n`,
  qemuLog: `qemu: ${CANARY}\n`,
  mirrors: { m: { log: `GET "/${CANARY}"\n`, config: `{"text":"${CANARY}"}` } },
  machine: { files: { [CANARY]: 1 } },
  workstation: {},
  timeline,
  secrets: [],
});

describe("bundleFiles()", () => {
  it.each(Object.entries(CONFIGS))("has no trace of what is in %s", (_name, config) => {
    const files = bundleFiles(findings(config));
    const { "machine.json": machine = "", ...texts } = files;
    for (const [name, text] of Object.entries(texts)) {
      expect([name, text.includes(CANARY)]).toEqual([name, false]);
      expect([name, text.includes(Buffer.from(CANARY).toString("base64"))]).toEqual([name, false]);
    }
    // Names of files on the workstation are the user's own.
    expect(machine).toContain(CANARY);
    expect(files["journal.txt"]).toContain("said [redacted] aloud");
  });

  it("keeps what helps: phases, units, plain files, addresses", () => {
    const files = bundleFiles(
      findings({
        storage: {
          files: [
            file("/etc/plain", "hello\n", 0o644),
            file("/etc/key", PEM, 0o600),
            { path: "/opt/x", mode: 0o600, contents: { source: "http://10.0.2.2:1/x?sig=1" } },
          ],
        },
        systemd: { units: [{ name: "a.service", contents: "[Service]\nExecStart=/bin/true\n" }] },
      }),
    );
    expect(JSON.parse(files["config.ign.json"] ?? "")).toEqual({
      ignition: { version: "3.3.0" },
      storage: {
        files: [
          { path: "/etc/plain", mode: 0o644, contents: { text: "hello\n" } },
          { path: "/etc/key", mode: 0o600, contents: { text: "[redacted], 103 bytes" } },
          { path: "/opt/x", mode: 0o600, contents: { source: "http://10.0.2.2:1/x" } },
        ],
      },
      systemd: { units: [{ name: "a.service", contents: "[Service]\nExecStart=/bin/true\n" }] },
    });
    expect(files["start.txt"]).toMatch(
      /^Not ready after 52\.0 s: API server has not ended\n\nkernel/,
    );
    expect(files["journal.txt"]).toContain('"Started kubelet"');
  });

  it("has what the node last said of itself", () => {
    const journal = startOfNode()
      .unit(300, "Starting", "corefly-support.service")
      .from(301, "corefly-support.service", "old")
      .unit(1200, "Starting", "corefly-support.service")
      .from(1201, "corefly-support.service", "new")
      .from(1202, "kubelet.service", "other");
    const files = bundleFiles({ ...findings({}), journal: journal.lines });
    expect(files["node.txt"]).toMatch(/^.*Starting corefly-support.service.*\n.*: new\n$/);
    const none = bundleFiles({ ...findings({}), journal: [], timeline: undefined });
    expect(none["node.txt"]).toBe(
      "The node has not said so far: corefly-support.service did not run\n",
    );
    expect(none["start.txt"]).toBe("The journal has no start\n");
  });

  it("has nothing of a config that cannot be read", () => {
    const files = bundleFiles({ ...findings({}), ignition: `{"x": "${CANARY}` });
    expect(files["config.ign.json"]).toBe("null\n");
  });
});

describe("redactor()", () => {
  const redact = redactor([]);
  it.each([
    [`a ${PEM}b`, "a [redacted]\nb"],
    ["-----BEGIN EC PRIVATE KEY-----\nabc cut off", "[redacted]"],
    ["Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"],
    ["got eyJhbGciOiJSUzI1.eyJpc3MiOiJrdWJl.c2ln", "got [redacted]"],
    ["GET http://me:pw@example.test/", "GET http://[redacted]@example.test/"],
    ["--token=abcdef next", "--token=[redacted] next"],
    ['"password": "hunter22"', '"password": "[redacted]"'],
    ["client_secret: xyzzy12", "client_secret: [redacted]"],
  ])("takes out what looks like a secret: %p", (text, expected) => {
    expect(redact(text)).toBe(expected);
  });

  it.each([
    "--tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
    '"MountVolume.SetUp failed for volume" pod="default/web"',
    "Started kubelet.service - Kubelet in fly mode.",
    "secret/credentials serverside-applied",
  ])("leaves %p", (text) => {
    expect(redact(text)).toBe(text);
  });
});

describe("redactor() with what a hostile node sends", () => {
  it.each(["a.", "//a:", "token", "a=", "eyJa.", "-----BEGIN PRIVATE KEY-----", "Bearer "])(
    "takes no time for %p again and again",
    (text) => {
      const start = performance.now();
      redactor([CANARY])(text.repeat((256 << 10) / text.length));
      expect(performance.now() - start).toBeLessThan(10_000);
    },
  );
});

describe("redactJournalLine()", () => {
  it("keeps a line JSON, whatever is taken out of it", () => {
    const [line = ""] = new JournalWriter().from(
      1,
      "a",
      'token="abc\\"def" password=\\"x1234',
    ).lines;
    const entry = JSON.parse(redactJournalLine(line, redactor([]))) as { MESSAGE: string };
    expect(entry.MESSAGE).not.toContain("1234");
  });

  it("takes known secrets out of a line that was cut off", () => {
    expect(redactJournalLine(`{"MESSAGE":"${CANARY}`, redactor([CANARY]))).toBe(
      '{"MESSAGE":"[redacted]',
    );
  });
});

describe("redactConfig()", () => {
  it("hides headers, which may have credentials", () => {
    const config = {
      contents: { source: "http://a/", httpHeaders: [{ name: "X", value: CANARY }] },
    };
    expect(redactConfig(config, redactor([]))).toEqual({
      contents: { source: "http://a/", httpHeaders: "[redacted]" },
    });
  });
});

describe("secretsOf()", () => {
  it("has the longest first, so that no rest of one stays", () => {
    const found = secretsOf({
      storage: { files: [file("/k", "abcDEF123 abcDEF123456\n", 0o600)] },
    });
    expect(found.indexOf("abcDEF123456")).toBeLessThan(found.indexOf("abcDEF123"));
  });

  it.each([undefined, null, 7, "x", [], { storage: { files: [null, 7, {}] } }])(
    "has none in %p",
    (config) => {
      expect(secretsOf(config)).toEqual([]);
    },
  );
});
