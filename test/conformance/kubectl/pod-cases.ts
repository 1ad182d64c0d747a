// SPDX-License-Identifier: Apache-2.0
// Pods that say in their logs what they found: one for each thing that a pod's spec can ask of the CRI server.
import { BUSYBOX } from "../../helpers/cri-node.ts";
import type { PodSpec } from "./place.ts";
import { sh } from "./place.ts";

/** A pod that ends by itself. What is compared: how it and its containers ended, and their logs. */
export interface PodCase {
  readonly name: string;
  readonly what: string;
  readonly spec: PodSpec;
  /** The log of each container. */
  readonly logs: Readonly<Record<string, string>>;
  /** Exit code and reason of those that do not end with "0 Completed". */
  readonly ended?: Readonly<Record<string, string>>;
  readonly phase?: "Succeeded" | "Failed";
  readonly restarts?: Readonly<Record<string, number>>;
  /** Why the other server is not asked. */
  readonly oursOnly?: string;
}

const status = (fields: string) => `grep -E '^(${fields}):' /proc/self/status`;
const DEFAULT_CAPS = "00000000a80425fb";

const security: PodCase = {
  name: "security",
  what: "users, groups, capabilities, seccomp, read-only roots, no new privileges",
  spec: {
    securityContext: {
      runAsUser: 1000,
      runAsGroup: 3000,
      fsGroup: 2000,
      supplementalGroups: [60],
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumes: [{ name: "v", emptyDir: {} }],
    containers: [
      {
        name: "user",
        ...sh(`id; touch /v/f; stat -c '%u:%g %a' /v /v/f; ${status("CapEff|CapBnd|Seccomp")}`),
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
      {
        name: "caps",
        ...sh(`${status("CapPrm|CapEff|CapBnd|NoNewPrivs")}; cd /; chown web /tmp && echo owned`),
        securityContext: {
          runAsUser: 0,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE", "CHOWN"] },
        },
      },
      {
        name: "bare",
        ...sh(
          `id -u; ${status("CapEff|NoNewPrivs|Seccomp")}; echo x >/proc/sys/kernel/domainname; ` +
            "head -c1 /proc/keys | wc -c; ls /sys/firmware | wc -l; mount -t tmpfs t /tmp || echo no mount",
        ),
        securityContext: { runAsUser: 0, seccompProfile: { type: "Unconfined" } },
      },
      {
        name: "locked",
        ...sh("touch /tmp/f || echo locked; touch /v/g /dev/shm/f && echo volumes are not"),
        securityContext: { readOnlyRootFilesystem: true },
        volumeMounts: [{ name: "v", mountPath: "/v" }],
      },
      {
        name: "privileged",
        ...sh(
          `[ $(sed -n 's/^CapEff:.//p' /proc/self/status) != ${DEFAULT_CAPS} ] && echo more; ${status("Seccomp")}; ` +
            "mount -t tmpfs t /tmp && echo mounts",
        ),
        securityContext: { runAsUser: 0, privileged: true },
      },
    ],
  },
  logs: {
    bare: "0\nCapEff:\t00000000a80425fb\nNoNewPrivs:\t0\nSeccomp:\t0\nsh: can't create /proc/sys/kernel/domainname: Read-only file system\n0\n0\nmount: permission denied (are you root?)\nno mount\n",
    caps: "CapPrm:\t0000000000000401\nCapEff:\t0000000000000401\nCapBnd:\t0000000000000401\nNoNewPrivs:\t1\nowned\n",
    locked: "touch: /tmp/f: Read-only file system\nlocked\nvolumes are not\n",
    privileged: "more\nSeccomp:\t0\nmounts\n",
    user: "uid=1000(web) gid=3000 groups=50(logs),60,2000,3000\n0:2000 2777\n1000:2000 644\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\nSeccomp:\t2\n",
  },
};

const volumes: PodCase = {
  name: "volumes",
  what: "emptyDir on disk and in memory, subPath, ConfigMap, Secret, projected and hostPath volumes",
  spec: {
    volumes: [
      { name: "disk", emptyDir: {} },
      { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
      { name: "config", configMap: { name: "settings" } },
      { name: "secret", secret: { secretName: "password", defaultMode: 0o400 } },
      {
        name: "projected",
        projected: {
          sources: [
            {
              downwardAPI: {
                items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }],
              },
            },
            { configMap: { name: "settings", items: [{ key: "a", path: "deep/a" }] } },
          ],
        },
      },
      { name: "host", hostPath: { path: "/etc/passwd", type: "File" } },
    ],
    initContainers: [
      {
        name: "fill",
        ...sh(
          "mkdir -p /d/sub/v-volumes /d/other; echo inner >/d/sub/f; echo seen >/d/sub/v-volumes/g",
        ),
        volumeMounts: [{ name: "disk", mountPath: "/d" }],
      },
    ],
    containers: [
      {
        name: "c",
        env: [{ name: "WHO", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
        ...sh(
          "cat /sub/f /expr/g; ls /sub; stat -f -c %T /mem; head -c 2000000 /dev/zero >/mem/f || stat -c %s /mem/f; " +
            "cat /config/a /one; touch /one || echo one is read-only; stat -L -c '%a %u' /secret/p; cat /secret/p; " +
            "cat /projected/labels; echo; cat /projected/deep/a; touch /ro/x; test -s /host && echo host",
        ),
        volumeMounts: [
          { name: "disk", mountPath: "/sub", subPath: "sub" },
          { name: "disk", mountPath: "/expr", subPathExpr: "sub/v-$(WHO)" },
          { name: "disk", mountPath: "/ro", readOnly: true },
          { name: "memory", mountPath: "/mem" },
          { name: "config", mountPath: "/config" },
          { name: "config", mountPath: "/one", subPath: "a" },
          { name: "secret", mountPath: "/secret" },
          { name: "projected", mountPath: "/projected" },
          { name: "host", mountPath: "/host", readOnly: true },
        ],
      },
    ],
  },
  logs: {
    fill: "",
    c: 'inner\nseen\nf\nv-volumes\ntmpfs\nhead: standard output: I/O error\n1048576\nfrom settings\nfrom settings\ntouch: /one: Read-only file system\none is read-only\n400 0\nsecret\napp="volumes"\nfrom settings\ntouch: /ro/x: Read-only file system\nhost\n',
  },
};

const imageVolume: PodCase = {
  name: "image-volume",
  what: "images as volumes, whole and in part, read-only",
  oursOnly: "containerd has image volumes from 2.1 on",
  spec: {
    volumes: [{ name: "image", image: { reference: BUSYBOX, pullPolicy: "Never" } }],
    containers: [
      {
        name: "c",
        ...sh("cat /i/etc/version /part/version; touch /i/x; touch /part/x; ls -d /part/passwd"),
        volumeMounts: [
          { name: "image", mountPath: "/i" },
          { name: "image", mountPath: "/part", subPath: "etc" },
        ],
      },
    ],
  },
  logs: {
    c: "1\n1\ntouch: /i/x: Read-only file system\ntouch: /part/x: Read-only file system\n/part/passwd\n",
  },
};

const environment: PodCase = {
  name: "environment",
  what: "command, arguments, environment, working directory, host names, DNS and sysctls",
  spec: {
    hostname: "named",
    subdomain: "below",
    setHostnameAsFQDN: true,
    hostAliases: [{ ip: "10.9.8.7", hostnames: ["alias.test"] }],
    dnsPolicy: "None",
    dnsConfig: {
      nameservers: ["10.9.9.9"],
      searches: ["a.test", "b.test"],
      // One: the kubelet has them in no order.
      options: [{ name: "ndots", value: "3" }],
    },
    securityContext: {
      sysctls: [
        { name: "net.ipv4.ip_unprivileged_port_start", value: "77" },
        { name: "kernel.shm_rmid_forced", value: "1" },
      ],
    },
    containers: [
      {
        name: "c",
        workingDir: "/tmp",
        env: [
          { name: "A", value: "1" },
          { name: "B", value: "$(A)2 $(NOT) $$(A)" },
          {
            name: "CPU",
            valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } },
          },
          { name: "KEY", valueFrom: { configMapKeyRef: { name: "settings", key: "a" } } },
          { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        ],
        envFrom: [{ prefix: "X_", configMapRef: { name: "settings" } }],
        resources: { limits: { cpu: "250m", memory: "40Mi" } },
        ...sh(
          'pwd; echo "$A $B $CPU $KEY $NODE $X_a"; hostname; tail -n +2 /etc/hosts | grep -v "^#" | sed "s/^10.219.[0-9.]*/IP/"; ' +
            "cat /etc/resolv.conf /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced",
        ),
      },
      {
        name: "argv",
        command: ["sh", "-c", 'for x in "$@"; do echo "[$x]"; done', "zero"],
        args: ["a b", "", "$(HOME)", "%s"],
      },
      { name: "image", command: ["/bin/echo"], args: ["by path"] },
    ],
  },
  logs: {
    argv: "[a b]\n[]\n[$(HOME)]\n[%s]\n",
    c: "/tmp\n1 12 $(NOT) $(A) 250 from settings\n n1 from settings\n\nnamed.below.default.svc.cluster.local\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\nIP\tnamed.below.default.svc.cluster.local\tnamed\n\n10.9.8.7\talias.test\nsearch a.test b.test\nnameserver 10.9.9.9\noptions ndots:3\n77\n1\n",
    image: "by path\n",
  },
};

const namespaces: PodCase = {
  name: "namespaces",
  what: "a shared process namespace",
  spec: {
    shareProcessNamespace: true,
    containers: [
      {
        name: "a",
        ...sh(
          "trap 'echo asked; exit 3' TERM; echo $$$$ >/dev/shm/pid; while :; do sleep 0.1; done",
        ),
      },
      {
        name: "b",
        ...sh(
          "until test -s /dev/shm/pid; do sleep 0.1; done; p=$(cat /dev/shm/pid); [ $p -gt 1 ] && echo not first; " +
            "cat /proc/$p/root/etc/version; kill $p; until ! test -d /proc/$p; do sleep 0.1; done; echo gone",
        ),
      },
    ],
  },
  logs: { a: "asked\n", b: "not first\n1\ngone\n" },
  ended: { a: "3 Error" },
  phase: "Failed",
};

const host: PodCase = {
  name: "host",
  what: "the host's network, processes and ipc",
  spec: {
    hostNetwork: true,
    hostPID: true,
    hostIPC: true,
    containers: [
      {
        name: "c",
        ...sh(
          "ip addr show dev lo | grep -c 192.168.77.1; [ $$$$ -gt 1 ] && echo not first; test -d /proc/2 && echo threads",
        ),
      },
    ],
  },
  logs: { c: "1\nnot first\nthreads\n" },
};

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

const limits: PodCase = {
  name: "limits",
  what: "limits in the cgroup's files",
  spec: {
    containers: [
      {
        name: "c",
        ...sh(
          "cd /sys/fs/cgroup; if test -e cgroup.controllers; then tr ' ' '\\n' <cpu.max; cat memory.max; " +
            "else cat cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us memory/memory.limit_in_bytes; cd memory; fi; " +
            "mkdir x; [ $(cat /proc/self/oom_score_adj) -gt 2 ] && echo may be killed",
        ),
        resources: {
          limits: { memory: "30Mi", cpu: "150m" },
          requests: { memory: "20Mi", cpu: "100m" },
        },
      },
    ],
  },
  logs: {
    c: "15000\n100000\n31457280\nmkdir: can't create directory 'x': Read-only file system\nmay be killed\n",
  },
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

/** What the pods above refer to. */
export const POD_OBJECTS: readonly object[] = [
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "settings", namespace: "default" },
    data: { a: "from settings\n" },
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "password", namespace: "default" },
    stringData: { p: "secret\n" },
  },
];

export const POD_CASES: readonly PodCase[] = [
  security,
  volumes,
  imageVolume,
  environment,
  namespaces,
  host,
  order,
  retried,
  greedy,
  limits,
  codes,
  deadline,
];
