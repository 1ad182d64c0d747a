// SPDX-License-Identifier: Apache-2.0
// Pods: what is mounted into containers.
import { BUSYBOX } from "../../helpers/cri-node.ts";
import { sh } from "./place.ts";
import type { PodCase } from "./pod-case.ts";

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

export const VOLUME_CASES: readonly PodCase[] = [volumes, imageVolume];
