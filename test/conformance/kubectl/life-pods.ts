// SPDX-License-Identifier: Apache-2.0
// Pods whose life is looked at from outside: probes, hooks, restarts, ends, logs, host ports, a change of limits.
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { type Place, podObject, sh } from "./place.ts";

const probes = (place: Place): object =>
  podObject("probes", {
    volumes: [
      // A server of the gRPC health protocol that is at hand.
      {
        name: "etcd",
        hostPath: { path: realpathSync(join(place.cluster.dir, "etcd")), type: "File" },
      },
    ],
    containers: [
      {
        name: "http",
        ...sh("mkdir /www; httpd -p 8080 -h /www; sleep 2; echo ok >/www/ok; exec sleep 1000"),
        readinessProbe: { httpGet: { path: "/ok", port: 8080 }, periodSeconds: 1 },
        livenessProbe: {
          httpGet: { path: "/", port: "named" },
          periodSeconds: 1,
          failureThreshold: 100,
        },
        ports: [{ name: "named", containerPort: 8080 }],
      },
      {
        name: "tcp",
        ...sh("sleep 1; exec nc -ll -p 7000 -e cat"),
        readinessProbe: { tcpSocket: { port: 7000 }, periodSeconds: 1 },
      },
      {
        name: "grpc",
        ...sh(
          "exec /etcd --data-dir=/tmp/e --listen-client-urls=http://0.0.0.0:2379 --advertise-client-urls=http://127.0.0.1:2379",
        ),
        readinessProbe: { grpc: { port: 2379 }, periodSeconds: 1 },
        volumeMounts: [{ name: "etcd", mountPath: "/etcd", readOnly: true }],
      },
      {
        name: "exec",
        ...sh("sleep 1; touch /tmp/ready; exec sleep 1000"),
        readinessProbe: { exec: { command: ["cat", "/tmp/ready"] }, periodSeconds: 1 },
        startupProbe: { exec: { command: ["true"] }, periodSeconds: 1 },
      },
      {
        name: "late",
        // A command that takes too long is no answer, and nothing of it stays.
        ...sh("exec sleep 1000"),
        readinessProbe: { exec: { command: ["sleep", "77"] }, periodSeconds: 1, timeoutSeconds: 1 },
      },
    ],
  });

const lively = podObject("lively", {
  restartPolicy: "Always",
  containers: [
    {
      name: "polite",
      ...sh("trap 'exit 9' TERM; while :; do sleep 0.1; done"),
      livenessProbe: { tcpSocket: { port: 7001 }, periodSeconds: 1, failureThreshold: 2 },
    },
    {
      name: "deaf",
      ...sh("trap '' TERM; while :; do sleep 0.1; done"),
      startupProbe: { exec: { command: ["false"] }, periodSeconds: 1, failureThreshold: 2 },
    },
  ],
});

const loop = podObject("loop", {
  restartPolicy: "Always",
  containers: [{ name: "c", ...sh("echo try; exit 3") }],
});

const scratch = (place: Place, name: string) => ({
  name: "v",
  hostPath: { path: join(place.scratch, name), type: "DirectoryOrCreate" },
});
const atV = [{ name: "v", mountPath: "/v" }];

const hooks = (place: Place): object =>
  podObject("hooks", {
    volumes: [scratch(place, "hooks")],
    containers: [
      {
        name: "c",
        ...sh("trap 'echo term >>/v/log; exit 0' TERM; while :; do sleep 0.1; done"),
        lifecycle: {
          postStart: { exec: { command: ["sh", "-c", "echo post >>/v/log"] } },
          preStop: {
            exec: { command: ["sh", "-c", "echo pre >>/v/log; sleep 1; echo slept >>/v/log"] },
          },
        },
        volumeMounts: atV,
      },
    ],
  });

const badHook = podObject("bad-hook", {
  containers: [
    {
      name: "c",
      ...sh("exec sleep 1000"),
      lifecycle: { postStart: { exec: { command: ["sh", "-c", "echo hooked; exit 8"] } } },
    },
  ],
});

const deaf = (name: string): object =>
  podObject(name, {
    containers: [{ name: "c", ...sh("trap '' TERM; while :; do sleep 0.1; done") }],
  });

const resized = podObject("resized", {
  containers: [
    {
      name: "c",
      ...sh("exec sleep 1000"),
      resources: {
        limits: { cpu: "100m", memory: "32Mi" },
        requests: { cpu: "100m", memory: "32Mi" },
      },
    },
    {
      name: "again",
      ...sh("exec sleep 1000"),
      resources: { limits: { memory: "32Mi" }, requests: { memory: "32Mi" } },
      resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }],
    },
  ],
  restartPolicy: "Always",
});

const ports = podObject("ports", {
  containers: [
    {
      name: "tcp",
      ...sh("exec nc -ll -p 8080 -e cat"),
      ports: [{ containerPort: 8080, hostPort: 18080 }],
    },
  ],
});

/** 4000 lines in eight seconds, four times what a log may have until it is rotated. */
export const chatty = podObject("chatty", {
  containers: [
    {
      name: "c",
      ...sh(
        "i=0; while [ $i -lt 80 ]; do seq $((i*50+1)) $((i*50+50)) | sed 's/^/a line with number /'; i=$((i+1)); sleep 0.1; done",
      ),
    },
  ],
});

const odd = podObject("odd", {
  containers: [
    {
      name: "c",
      ...sh(
        "head -c 40000 /dev/zero | tr '\\0' x; echo; printf 'a\\tb\\001\\377\\r\\n\\n'; printf 'no end'",
      ),
    },
  ],
});

export function lifePods(place: Place): readonly object[] {
  return [
    probes(place),
    lively,
    loop,
    hooks(place),
    badHook,
    deaf("slow"),
    deaf("forced"),
    resized,
    ports,
    odd,
  ];
}
