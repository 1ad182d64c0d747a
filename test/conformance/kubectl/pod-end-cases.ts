// SPDX-License-Identifier: Apache-2.0
// Pods: in which order containers begin, how they end, and what is said of it.
import { sh } from "./place.ts";
import type { PodCase } from "./pod-case.ts";

const order: PodCase = {
  name: "order",
  what: "init containers, a sidecar that starts before and ends after, and what it does until then",
  spec: {
    volumes: [{ name: "v", emptyDir: {} }],
    terminationGracePeriodSeconds: 5,
    initContainers: [
      {
        name: "first",
        ...sh("echo first >>/v/log"),
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
      {
        name: "sidecar",
        restartPolicy: "Always",
        ...sh(
          "trap 'echo sidecar ends >>/v/log; cat /v/log; exit 0' TERM; sleep 0.5; echo sidecar >>/v/log; touch /v/up; while :; do sleep 0.1; done",
        ),
        startupProbe: { exec: { command: ["cat", "/v/up"] }, periodSeconds: 1 },
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
      {
        name: "second",
        ...sh("echo second >>/v/log"),
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
    ],
    containers: [
      {
        name: "c",
        ...sh("echo main >>/v/log; cat /v/log"),
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
    ],
  },
  logs: {
    first: "",
    sidecar: "first\nsidecar\nsecond\nmain\nsidecar ends\n",
    second: "",
    c: "first\nsidecar\nsecond\nmain\n",
  },
};

const retried: PodCase = {
  name: "retried",
  what: "OnFailure: tried again until it succeeds, its files kept",
  spec: {
    restartPolicy: "OnFailure",
    volumes: [{ name: "v", emptyDir: {} }],
    initContainers: [
      {
        name: "init",
        ...sh("test -e /v/i && exit 0; touch /v/i; echo init fails; exit 4"),
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
    ],
    containers: [
      {
        name: "c",
        ...sh(
          "echo x >>/v/n; n=$(wc -l </v/n); echo try $n; test -e /tmp/f && echo old root; touch /tmp/f; [ $n = 3 ]",
        ),
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
    ],
  },
  logs: { init: "", c: "try 3\n" },
  restarts: { init: 1, c: 2 },
};

const greedy: PodCase = {
  name: "greedy",
  what: "over its memory limit: 137, OOMKilled; another of the pod goes on",
  spec: {
    containers: [
      {
        name: "greedy",
        ...sh("x=a; while :; do x=$x$x; done"),
        resources: { limits: { memory: "20Mi" } },
      },
      { name: "modest", ...sh("sleep 2; echo done"), resources: { limits: { memory: "20Mi" } } },
      // One process of several: the container's first one sees its child killed.
      {
        name: "child",
        ...sh("sh -c 'x=a; while :; do x=$x$x; done'; echo child $?"),
        resources: { limits: { memory: "20Mi" } },
      },
    ],
  },
  logs: { child: "Killed\nchild 137\n", greedy: "", modest: "done\n" },
  ended: { child: "0 OOMKilled", greedy: "137 OOMKilled" },
  phase: "Failed",
};

const codes: PodCase = {
  name: "codes",
  what: "exit codes, signals, termination messages",
  spec: {
    containers: [
      { name: "five", ...sh("exit 5") },
      { name: "top", ...sh("exit 255") },
      { name: "said", ...sh("echo last words >/dev/termination-log; exit 1") },
      {
        name: "log",
        ...sh("echo from the log; exit 2"),
        terminationMessagePolicy: "FallbackToLogsOnError",
      },
      { name: "missing", command: ["/no/such/program"] },
      { name: "directory", command: ["/etc"] },
      { name: "workdir", ...sh("pwd"), workingDir: "/made/by/the/server" },
    ],
  },
  logs: {
    directory: "",
    five: "",
    log: "from the log\n",
    missing: "",
    said: "",
    top: "",
    workdir: "/made/by/the/server\n",
  },
  ended: {
    directory: "128 StartError open executable: Operation not permitted",
    five: "5 Error",
    log: "2 Error from the log",
    missing:
      "128 StartError executable file `/no/such/program` not found in $PATH: No such file or directory",
    said: "1 Error last words",
    top: "255 Error",
  },
  phase: "Failed",
};

const deadline: PodCase = {
  name: "deadline",
  what: "activeDeadlineSeconds",
  spec: {
    activeDeadlineSeconds: 2,
    containers: [{ name: "c", ...sh("echo begins; exec sleep 600") }],
  },
  logs: { c: "begins\n" },
  ended: { c: "137 Error" },
  phase: "Failed",
};

export const END_CASES: readonly PodCase[] = [order, retried, greedy, codes, deadline];
