// SPDX-License-Identifier: Apache-2.0
// Pods: who their processes are, what these may do, and whose processes and networks they see.
import { sh } from "./place.ts";
import type { PodCase } from "./pod-case.ts";

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

export const SECURITY_CASES: readonly PodCase[] = [security, namespaces, host];
