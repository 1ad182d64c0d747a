// SPDX-License-Identifier: Apache-2.0
// Pods: what containers are started with, and the limits that they find.
import { sh } from "./place.ts";
import type { PodCase } from "./pod-case.ts";

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

export const ENVIRONMENT_CASES: readonly PodCase[] = [environment, limits];
