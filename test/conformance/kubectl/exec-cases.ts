// SPDX-License-Identifier: Apache-2.0
// kubectl exec, cp and debug, in the pod "p" of shell-pods.ts.
import type { ChildProcess } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { BUSYBOX } from "../../helpers/cri-node.ts";
import type { KubectlOptions } from "../../helpers/native-cluster.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { type Case, PROTOCOLS, told } from "./case.ts";
import type { Place } from "./place.ts";

export const IN_TERMINAL = resolve(import.meta.dirname, "../../fixtures/bin/in-terminal.py");
const BIG = randomBytes(50 * 1024 * 1024);
const sha = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

const shell = (place: Place, script: string, options: KubectlOptions = {}) =>
  place.kubectl(["exec", "-i", "p", "--", "sh", "-c", script], options);

const byProtocol: readonly Case[] = PROTOCOLS.flatMap(([protocol, env]) => [
  {
    name: `exec by ${protocol}: outputs apart, and the exit code`,
    see: async (place: Place) =>
      told(await shell(place, "echo out; echo err >&2; exit 7", { env })),
    expected: {
      exitCode: 7,
      stdout: "out\n",
      stderr: "err\ncommand terminated with exit code 7\n",
    },
  },
  {
    name: `exec by ${protocol}: 50 MB in and out`,
    see: async (place: Place) => {
      const ended = await shell(place, "cat >/tmp/f; cat /tmp/f", { env, input: BIG });
      return { exitCode: ended.exitCode, sum: sha(ended.stdout), stderr: ended.stderr };
    },
    expected: { exitCode: 0, sum: sha(BIG), stderr: "" },
  },
  {
    name: `exec -it by ${protocol}: a terminal of the user's size, which follows it (POD-09)`,
    see: async (place: Place) => {
      // Under the other server it may be 0x0 at first: crun sets it while the command starts.
      const script =
        "until stty size | grep '33 77'; do :; done 2>/dev/null; until stty size | grep '40 90'; do :; done; echo err >&2; echo $TERM; exit 5";
      const words = ["exec", "-it", "p", "--", "sh", "-c", script];
      return told(await place.kubectl(words, { env, prefix: ["python3", IN_TERMINAL] }));
    },
    expected: {
      exitCode: 5,
      stdout: "33 77\r\n40 90\r\nerr\r\nxterm\r\ncommand terminated with exit code 5\r\n",
      stderr: "",
    },
  },
]);

const exec: readonly Case[] = [
  {
    name: "exec: killed by a signal",
    see: async (place) => told(await shell(place, "kill -9 $$")),
    expected: { exitCode: 137, stdout: "", stderr: "command terminated with exit code 137\n" },
  },
  {
    name: "exec: no such program, said once",
    // Between the kubelet's words and crun's each server has some of its own.
    see: async (place) => {
      const { exitCode, stdout, stderr } = await place.kubectl(["exec", "p", "--", "no-such"]);
      const words = /^(.*? in container: ).*(executable file .*\$PATH: [^:]*)(: unknown)?\n$/.exec(
        stderr,
      );
      return { exitCode, stdout: stdout.toString(), words: words?.slice(1, 3) ?? stderr };
    },
    expected: {
      exitCode: 1,
      stdout: "",
      words: [
        "error: Internal error occurred: Internal error occurred: error executing command in container: ",
        "executable file `no-such` not found in $PATH: No such file or directory",
      ],
    },
  },
  {
    name: "exec: the end of stdin reaches the command, whose output still comes",
    see: async (place) =>
      told(await shell(place, "cat; sleep 0.5; echo after", { input: "12345\n" })),
    expected: { exitCode: 0, stdout: "12345\nafter\n", stderr: "" },
  },
  {
    // Of more than fits into the buffers on the way kubectl may lose how it ended, with either server.
    name: "exec: input for a command that reads none of it",
    see: async (place) => told(await shell(place, "echo done", { input: "x".repeat(10_000) })),
    expected: { exitCode: 0, stdout: "done\n", stderr: "" },
  },
  {
    name: "exec: stdin is at its end when nobody asked for it",
    see: async (place) =>
      told(await place.kubectl(["exec", "p", "--", "cat"], { input: "unread" })),
    expected: { exitCode: 0, stdout: "", stderr: "" },
  },
  {
    name: "exec: 20 MB of output",
    see: async (place) => {
      const { exitCode, stdout } = await shell(place, "head -c 20000000 /dev/zero");
      return [exitCode, stdout.length, stdout.every((byte) => byte === 0)];
    },
    expected: [0, 20_000_000, true],
  },
  {
    name: "exec: what is left in the background",
    see: async (place) => told(await shell(place, "sleep 2 & echo done")),
    expected: { exitCode: 0, stdout: "done\n", stderr: "" },
  },
  {
    name: "exec: the container's environment, directory, user and capabilities",
    see: async (place) =>
      told(
        await shell(
          place,
          "env | grep -v KUBERNETES | sort; pwd; id; grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/self/status; hostname",
        ),
      ),
    expected: {
      exitCode: 0,
      stdout:
        "COLOUR=blue\nHOME=/home/web\nHOSTNAME=p\nPATH=/bin\nPWD=/tmp\nSHLVL=1\n/tmp\n" +
        "uid=1000(web) gid=1000(web) groups=50(logs),1000(web)\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t2\np\n",
      stderr: "",
    },
  },
  {
    name: "exec: twenty at a time",
    see: async (place) =>
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const { exitCode, stdout } = await shell(place, `cat; exit ${index}`, {
            input: `${index}`,
          });
          return `${exitCode} ${stdout}`;
        }),
      ),
    expected: Array.from({ length: 20 }, (_, index) => `${index} ${index}`),
  },
  {
    name: "exec: a client that is killed takes the command's stdin with it",
    see: async (place) => {
      let child: ChildProcess | undefined;
      const ended = place.kubectl(
        ["exec", "-i", "p", "--", "sh", "-c", "touch /tmp/began; cat; touch /tmp/over"],
        {
          keepsInputOpen: true,
          started: (each) => {
            child = each;
          },
        },
      );
      const exists = async (file: string) => (await shell(place, `cat ${file}`)).exitCode === 0;
      await waitFor(() => exists("/tmp/began"), 10_000, 250);
      child?.kill("SIGKILL");
      await ended;
      await waitFor(() => exists("/tmp/over"), 10_000, 250);
      return "over";
    },
    expected: "over",
  },
];

const files: readonly Case[] = [
  {
    name: "cp: a file of 50 MB and a directory, both ways",
    see: async (place) => {
      const local = join(place.cluster.dir, "cp");
      mkdirSync(join(local, "up/deep"), { recursive: true });
      writeFileSync(join(local, "up/big"), BIG);
      writeFileSync(join(local, "up/deep/tool"), "#!/bin/sh\necho tool\n");
      chmodSync(join(local, "up/deep/tool"), 0o755);
      symlinkSync("tool", join(local, "up/deep/link"));
      const up = await place.kubectl(["cp", join(local, "up"), "p:/tmp/cp"]);
      const there = await shell(place, "cd /tmp/cp; sha256sum big; deep/tool; ls -1 deep");
      const down = await place.kubectl(["cp", "p:/tmp/cp", join(local, "down")]);
      return {
        codes: [up.exitCode, down.exitCode],
        there: there.stdout.toString(),
        sum: sha(readFileSync(join(local, "down/big"))),
        tool: readFileSync(join(local, "down/deep/tool"), "utf8"),
      };
    },
    expected: {
      codes: [0, 0],
      there: `${sha(BIG)}  big\ntool\nlink\ntool\n`,
      sum: sha(BIG),
      tool: "#!/bin/sh\necho tool\n",
    },
  },
];

const debug: readonly Case[] = [
  {
    name: "debug: an ephemeral container that sees the other's processes and files",
    see: async (place) => {
      const words = [
        "debug",
        "-i",
        "p",
        `--image=${BUSYBOX}`,
        "--image-pull-policy=Never",
        "-c",
        "dbg",
      ];
      const script =
        "read x; ps | grep -c ' [n]c -ll -p 8080 -e cat$'; cat /proc/1/root/etc/version; echo $x; hostname; exit 3";
      const ended = await place.kubectl([...words, "--target=c", "--", "sh", "-c", script], {
        input: "typed\n",
        // At its end the other server takes the output away too.
        keepsInputOpen: true,
      });
      const pod = await place.until(
        "p",
        ({ status }) => status.ephemeralContainerStatuses?.[0]?.state.terminated !== undefined,
      );
      const { terminated } = pod.status.ephemeralContainerStatuses?.[0]?.state ?? {};
      return {
        output: ended.stdout.toString().replace(/^Targeting .*\n/, ""),
        ended: [terminated?.exitCode, terminated?.reason],
      };
    },
    expected: { output: "1\n1\ntyped\np\n", ended: [3, "Error"] },
  },
];

export const EXEC_CASES: readonly Case[] = [...byProtocol, ...exec, ...files, ...debug];
