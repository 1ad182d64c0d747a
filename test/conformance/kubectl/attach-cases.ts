// SPDX-License-Identifier: Apache-2.0
// kubectl attach and port-forward, to the pods of shell-pods.ts.
import type { ChildProcess } from "node:child_process";
import type { Ended, KubectlOptions } from "../../helpers/native-cluster.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { type Case, PROTOCOLS } from "./case.ts";
import { IN_TERMINAL } from "./exec-cases.ts";
import type { Place } from "./place.ts";

const HINT =
  "All commands and output from this session will be recorded in container logs, including credentials and " +
  "sensitive information passed through the command prompt.\nIf you don't see a command prompt, try pressing enter.\n";

/** Attaches to a pod that ticks, and types once it has seen that. Without `until` the end of the input is the end. */
async function typed(place: Place, pod: string, input: string, until?: string): Promise<Ended> {
  await place.until(pod, ({ status }) => status.phase === "Running");
  let text = "";
  let child: ChildProcess | undefined;
  const ended = place.kubectl(["attach", "-i", pod], {
    keepsInputOpen: true,
    started: (each) => {
      child = each;
      each.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
    },
  });
  await waitFor(() => text.includes("tick\n"), 10_000);
  child?.stdin?.write(input);
  if (until === undefined) {
    child?.stdin?.end();
  } else {
    await waitFor(() => text.includes(until), 10_000);
    child?.kill("SIGKILL");
  }
  return await ended;
}

const withoutTicks = (text: string) => text.replaceAll("tick\n", "");

/** Seen with kubectl over WebSocket: the session is closed before the first output. */
const ENDS_AT_ONCE = "containerd 1.6 ends a session without a terminal as soon as it began";

const attach: readonly Case[] = [
  {
    name: "attach: lines to the first process and its answers, twice",
    see: async (place) => {
      const first = await typed(place, "lines", "one\ntwo\n", "got two\n");
      const second = await typed(place, "lines", "three\n", "got three\n");
      const log = await place.logs("lines", "c");
      return [first.stdout.toString(), second.stdout.toString(), log].map(withoutTicks);
    },
    oursOnly: ENDS_AT_ONCE,
    expected: ["got one\ngot two\n", "got three\n", "got one\ngot two\ngot three\n"],
  },
  {
    name: "attach -it: the container's terminal has the user's size, until it ends",
    see: async (place) => {
      const { exitCode, stdout } = await place.kubectl(["attach", "-it", "terminal"], {
        prefix: ["python3", IN_TERMINAL],
      });
      const pod = await place.until("terminal", ({ status }) => status.phase === "Failed");
      const { terminated } = pod.status.containerStatuses?.[0]?.state ?? {};
      // The other server takes a carriage return at the end of a line away.
      const log = (await place.logs("terminal", "c")).replaceAll("\r", "");
      return [exitCode, stdout.toString(), log, terminated?.exitCode];
    },
    expected: [
      0,
      `${HINT.replaceAll("\n", "\r\n")}33 77\r\n40 90\r\n/dev/pts/0\r\n` +
        "Session ended, resume using 'kubectl attach terminal -c c -n default -i -t' command\r\n",
      "33 77\n40 90\n/dev/pts/0\n",
      6,
    ],
  },
  {
    name: "attach -i: with stdinOnce the end of the user's input is the container's",
    see: async (place) => {
      const { exitCode, stdout } = await typed(place, "once", "line\n");
      const pod = await place.until("once", ({ status }) => status.phase !== "Running");
      const log = await place.logs("once", "c");
      return [exitCode, ...[stdout.toString(), pod.status.phase, log].map(withoutTicks)];
    },
    oursOnly: ENDS_AT_ONCE,
    expected: [0, "line\nover\n", "Succeeded", "line\nover\n"],
  },
];

/** Forwards `ports` while `use` works with local port 9090; then kubectl is ended, or ends itself. */
async function forwarding<T>(
  place: Place,
  ports: string,
  options: KubectlOptions & { readonly endsItself?: boolean },
  use: () => T,
): Promise<{ readonly result: T; readonly stderr: string; readonly exitCode: number | null }> {
  let child: ChildProcess | undefined;
  let text = "";
  const ended = place.kubectl(["port-forward", "pod/p", ports], {
    ...options,
    started: (each) => {
      child = each;
      each.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString();
      });
    },
  });
  await waitFor(() => text.includes("Forwarding from 127.0.0.1:9090"), 10_000);
  const result = use();
  if (!options.endsItself) child?.kill();
  const { stderr, exitCode } = await ended;
  return { result, stderr, exitCode };
}

/** Sends so many bytes to port 9090, ends its side, and reads to the end. */
const ECHO = `
import socket, sys, threading
for size in map(int, sys.argv[1:]):
    data = bytes(range(256)) * (size // 256)
    s = socket.create_connection(("127.0.0.1", 9090))
    def send():
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
    threading.Thread(target=send).start()
    got = b""
    try:
        while chunk := s.recv(65536):
            got += chunk
    except ConnectionResetError:
        pass
    print(size, len(got), got == data)
`;

/** Fetches files from port 9090, all at once. */
const FETCH = `
import sys, threading, urllib.request
lines = {}
def work(size):
    lines[size] = len(urllib.request.urlopen(f"http://127.0.0.1:9090/{size}").read())
threads = [threading.Thread(target=work, args=[int(each)]) for each in sys.argv[1:]]
[each.start() for each in threads]
[each.join() for each in threads]
print(*(lines[size] for size in sorted(lines)))
`;

const portForward: readonly Case[] = PROTOCOLS.flatMap(([protocol, env]): readonly Case[] => [
  {
    name: `port-forward by ${protocol}: one connection after the other, each side ended for itself`,
    see: async (place) =>
      (
        await forwarding(place, "9090:8080", { env }, () =>
          place.node.run("python3", "-c", ECHO, "256", "102400", "1024000"),
        )
      ).result,
    expected: "256 256 True\n102400 102400 True\n1024000 1024000 True\n",
  },
  {
    name: `port-forward by ${protocol}: several connections at a time`,
    see: async (place) =>
      (
        await forwarding(place, "9090:8081", { env }, () =>
          place.node.run("python3", "-c", FETCH, "10000", "200000", "3000000"),
        )
      ).result,
    expected: "10000 200000 3000000\n",
  },
  {
    name: `port-forward by ${protocol}: a port that nobody listens on`,
    see: async (place) => {
      const { result, stderr, exitCode } = await forwarding(
        place,
        "9090:81",
        { env, endsItself: true },
        () => place.node.run("python3", "-c", ECHO, "256"),
      );
      // Each server has its own words for it.
      return [result, /err=".*refused/i.test(stderr), stderr.split("\n").at(-2), exitCode];
    },
    expected: ["256 0 False\n", true, "error: lost connection to pod", 1],
  },
]);

export const ATTACH_CASES: readonly Case[] = [...attach, ...portForward];
