// SPDX-License-Identifier: Apache-2.0
// Waiting for a cluster: against a server that answers like an API server, with a journal that a test writes.
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { kubeconfig } from "../../../../../modules/cluster/plan/kubeconfig.ts";
import { PartialCreateError } from "../../../../../modules/provider/handler.ts";
import { clusterReady } from "../../../../../modules/provider/handlers/cluster-ready.ts";
import {
  type CertificateAndKey,
  issueAuthority,
  issueLeaf,
} from "../../../../../modules/provider/pki/issue.ts";
import { freePort } from "../../../../helpers/free-port.ts";
import { resourceContext } from "../../../../helpers/resource-context.ts";

const dir = mkdtempSync(join(tmpdir(), "corefly-ready-"));
const journalPath = join(dir, "journal.jsonl");
const consolePath = join(dir, "console.log");
const day = { notBefore: new Date(Date.now() - 1000), notAfter: new Date(Date.now() + 86_400_000) };

let authority: CertificateAndKey;
let client: CertificateAndKey;
let server: Server;
let port = 0;
/** Answers by path; a test changes them. */
let answers: Record<string, unknown> = {};

const READY = {
  "/readyz": "ok",
  "/api/v1/nodes": {
    items: [
      {
        metadata: { name: "node-1" },
        status: { conditions: [{ type: "Ready", status: "True" }] },
      },
    ],
  },
  "/api/v1/namespaces/kube-system/pods": {
    items: [
      {
        metadata: { name: "etcd" },
        status: { phase: "Running", containerStatuses: [{ ready: true }] },
      },
    ],
  },
};

beforeAll(async () => {
  port = await freePort();
  authority = await issueAuthority({ commonName: "test" }, day);
  const subject = { organizations: [], dnsNames: [], ipAddresses: ["127.0.0.1"] };
  const leaf = await issueLeaf(
    { ...subject, commonName: "server", usages: ["server"] },
    day,
    authority,
  );
  client = await issueLeaf({ ...subject, commonName: "admin", usages: ["client"] }, day, authority);
  server = createServer(
    {
      cert: leaf.certPem,
      key: leaf.privateKeyPem,
      ca: authority.certPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      const answer = answers[request.url ?? ""];
      if (answer instanceof Promise) return;
      response.statusCode = answer === undefined ? 503 : 200;
      response.end(typeof answer === "string" ? answer : JSON.stringify(answer ?? {}));
    },
  );
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
});

beforeEach(() => {
  answers = {};
  writeFileSync(journalPath, "");
  writeFileSync(consolePath, "");
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

describe("clusterReady", () => {
  it("says what took how long", async () => {
    answers = READY;
    said(6, { SYSLOG_IDENTIFIER: "ignition", MESSAGE: "Stage: fetch-offline" });
    said(9, { SYSLOG_IDENTIFIER: "ignition", MESSAGE: "Ignition finished successfully" });
    const { outputs } = await clusterReady.create(inputs(), context(60));
    expect(outputs).toEqual({
      ready: true,
      seconds: 60,
      phases: { kernel: 6, Ignition: 3, "API server": 51, Ready: 0 },
      summary: "Ready after 60 s: kernel 6 s, Ignition 3 s, API server 51 s, Ready 0 s",
    });
  });

  it("shows meanwhile what it waits for", async () => {
    answers = { ...READY, "/api/v1/nodes": { items: [] } };
    const abort = new AbortController();
    const shown = context(1, abort.signal);
    const waiting = clusterReady.create(inputs(), {
      ...shown,
      status: (text) => {
        shown.status(text);
        answers = READY;
      },
    });
    expect((await waiting).outputs["ready"]).toBe(true);
    expect(shown.messages).toEqual([
      "status: node-1: kernel (0 s), 0 s since power-on: waiting for node node-1 to register",
    ]);
  });

  it("shows the phase while the API server takes its time", async () => {
    // As QEMU does for a port of a guest that has no network yet.
    answers = { ...READY, "/readyz": new Promise(() => undefined) };
    said(6, { SYSLOG_IDENTIFIER: "ignition", MESSAGE: "Stage: fetch-offline" });
    const abort = new AbortController();
    const shown = context(8, abort.signal);
    const waiting = clusterReady.create(inputs(), {
      ...shown,
      status: (text) => {
        shown.status(text);
        const [first] = shown.messages;
        if (shown.messages.length === 1) {
          said(7, { SYSLOG_IDENTIFIER: "ignition", MESSAGE: "Ignition finished successfully" });
        } else if (text !== first) abort.abort();
      },
    });
    await expect(waiting).rejects.toThrow(
      "Cannot wait for the cluster: after 0 s still waiting for the API server, in phase runtime",
    );
    expect(shown.messages.filter((text) => text.startsWith("status: "))).toEqual([
      "status: node-1: Ignition (2 s), 0 s since power-on: waiting for the API server",
      "status: node-1: runtime (1 s), 0 s since power-on: waiting for the API server",
    ]);
  });

  it("stops at once, with the unit's own words, when the image is not trusted", async () => {
    const reason = 'run: Cannot verify image "corefly.dev/kubernetes": no signature';
    said(30, { _SYSTEMD_UNIT: "kubelet.service", MESSAGE: "run: downloading" });
    said(31, { _SYSTEMD_UNIT: "kubelet.service", MESSAGE: reason });
    said(32, {
      _PID: "1",
      UNIT: "kubelet.service",
      MESSAGE: "kubelet.service: Failed with result 'exit-code'.",
    });
    const shown = context(33);
    const failure = await clusterReady.create(inputs(), shown).catch((error) => error);
    expect(failure).toBeInstanceOf(PartialCreateError);
    expect(failure.message).toBe(`Cannot wait for the cluster: kubelet.service failed: ${reason}`);
    expect(shown.messages).toEqual([
      "info: kubelet.service: run: downloading",
      `info: kubelet.service: ${reason}`,
    ]);
    const olds = { ...inputs(), ...failure.outputs };
    expect((await clusterReady.diff?.(olds, inputs(), shown))?.detailed).toEqual({
      ready: "update",
    });
  });

  it("says what is missing and shows the console when the time is over", async () => {
    appendFileSync(consolePath, "[  OK  ] Reached target multi-user.target\n");
    const abort = new AbortController();
    abort.abort();
    const shown = context(1, abort.signal);
    await expect(clusterReady.create(inputs(), shown)).rejects.toThrow(
      "Cannot wait for the cluster: after 0 s still waiting for the API server, in phase kernel",
    );
    expect(shown.messages).toEqual(["info: console: [  OK  ] Reached target multi-user.target"]);
  });

  it("does not take another cluster's API server for this one", async () => {
    answers = READY;
    const other = await issueAuthority({ commonName: "other" }, day);
    const failure = clusterReady.create(inputs(other.certPem), context(1));
    await expect(failure).rejects.toThrow(
      /^Cannot wait for the cluster: the API server is not the one expected: /,
    );
  });

  it("stops when the machine is gone", async () => {
    const record = { process: { pid: 99_999_999, startTicks: "1", bootId: "x" }, ports: [] };
    writeFileSync(join(dir, "process.json"), JSON.stringify({ ...record, startedAtMs: 1 }));
    await expect(clusterReady.create(inputs(), context(1))).rejects.toThrow(
      "Cannot wait for the cluster: the machine is gone: its process ended",
    );
    rmSync(join(dir, "process.json"));
  });

  it("has no change while the cluster is ready, and one when it is not", async () => {
    answers = READY;
    const olds = { ...inputs(), ready: true };
    expect((await clusterReady.diff?.(olds, inputs(), context(1)))?.changes).toBe(false);
    answers = {};
    expect((await clusterReady.diff?.(olds, inputs(), context(1)))?.detailed).toEqual({
      ready: "update",
    });
  });
});

function inputs(caCertPem = authority.certPem) {
  return {
    kubeconfig: kubeconfig({
      cluster: "lab",
      user: "admin",
      server: `https://127.0.0.1:${port}`,
      caCertPem,
      clientCertPem: client.certPem,
      clientKeyPem: client.privateKeyPem,
    }),
    nodeNames: ["node-1"],
    journalPath,
    consolePath,
  };
}

/** A clock that stands still, so many seconds after the kernel started. */
function context(seconds: number, signal = new AbortController().signal) {
  return resourceContext({ name: "ready", signal, now: () => seconds * 1000 });
}

function said(seconds: number, fields: Readonly<Record<string, string>>): void {
  const entry = {
    _BOOT_ID: "1".repeat(32),
    __MONOTONIC_TIMESTAMP: String(seconds * 1_000_000),
    __REALTIME_TIMESTAMP: String(seconds * 1_000_000),
    PRIORITY: "6",
    ...fields,
  };
  appendFileSync(journalPath, `${JSON.stringify(entry)}\n`);
}
