// SPDX-License-Identifier: Apache-2.0
// Pods that wait for what users do to them: commands, attached terminals, connections.
import { podObject, sh } from "./place.ts";

/** Who attaches sees only what comes from then on: something must come. */
const TICKS = "while sleep 0.3; do echo tick; done &";

export const SHELL_PODS: readonly object[] = [
  // "p": commands and copies go here, port 8080 echoes, and port 8081 serves files of so many bytes as their names say.
  podObject("p", {
    securityContext: {
      runAsUser: 1000,
      runAsGroup: 1000,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [
      {
        name: "c",
        workingDir: "/tmp",
        env: [{ name: "COLOUR", value: "blue" }],
        ...sh(
          "mkdir /tmp/www; for n in 10000 200000 3000000; do head -c $n /dev/urandom >/tmp/www/$n; done; " +
            "httpd -p 8081 -h /tmp/www; exec nc -ll -p 8080 -e cat",
        ),
      },
    ],
  }),
  podObject("lines", {
    containers: [
      {
        name: "c",
        stdin: true,
        resources: { limits: { memory: "64Mi", cpu: "500m" } },
        ...sh(`${TICKS} head -c 3000000 /dev/zero >/tmp/f; while read l; do echo got $l; done`),
      },
    ],
  }),
  podObject("terminal", {
    containers: [
      {
        name: "c",
        stdin: true,
        tty: true,
        ...sh(
          "for s in '33 77' '40 90'; do until stty size 2>/dev/null | grep \"$s\"; do sleep 0.1; done; done; tty; exit 6",
        ),
      },
    ],
  }),
  podObject("once", {
    containers: [{ name: "c", stdin: true, stdinOnce: true, ...sh(`${TICKS} cat; echo over`) }],
  }),
];
