// SPDX-License-Identifier: Apache-2.0
// `run --interactive` with the default flavour: a terminal between the user's and the app's.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { corefly } from "../../../helpers/corefly.ts";
import { type PodFixture, podFixture } from "../../../helpers/pod-fixture.ts";

// Processes start slowly on a busy machine.
jest.setTimeout(30_000);

let pods: PodFixture;
beforeAll(() => {
  pods = podFixture("tty");
});
afterAll(() => {
  pods.stop();
  pods.remove();
});

function run(script: string, prefix: readonly string[] = []) {
  const { stdout, stderr, status } = pods.runInTerminal(
    ["--net=host", "--interactive", "img", "--exec=sh", "--", "-c", script],
    prefix,
  );
  expect(stderr).toBe("");
  return { stdout, status };
}

describe("run --interactive", () => {
  it("gives the app a terminal of the user's size from the beginning, and follows it (POD-09)", () => {
    for (let round = 0; round < 3; round += 1) {
      expect(run("stty size; sleep 1; stty size; exit 5")).toEqual({
        stdout: "33 77\r\n40 90\r\n",
        status: 5,
      });
    }
  });

  it("passes on what is typed, echoed by the app's terminal alone", () => {
    expect(run("echo line?; read x; echo got $x")).toEqual({
      stdout: "line?\r\ntyped\r\ngot typed\r\n",
      status: 0,
    });
  });

  it("^C is the app's, and the code that of the signal (POD-10)", () => {
    const { stdout, status } = run(
      "trap 'echo caught' INT; sh -c 'echo interrupt?; sleep 60'; exit $?",
    );
    expect(stdout).toBe("interrupt?\r\n^Ccaught\r\n");
    expect(status).toBe(130);
  });

  it("shows all that the app has written, byte for byte", () => {
    const { stdout, status } = run(
      "stty -opost; head -c 3000000 /dev/zero; printf '\\1\\r\\n\\377end'",
    );
    expect(stdout.length).toBe(3_000_000 + 1 + 2 + 1 + 3);
    expect(stdout.slice(-7)).toBe("\x01\r\n\ufffdend");
    expect(status).toBe(0);
  });

  it("leaves the user's terminal as it was, and nothing of its own", () => {
    const script = 'stty -a >"$0.1"; "$@"; code=$?; stty -a >"$0.2"; exit $code';
    const file = join(pods.dir, "stty");
    expect(run("exit 3", ["sh", "-c", script, file]).status).toBe(3);
    expect(readFileSync(`${file}.2`, "utf8")).toBe(readFileSync(`${file}.1`, "utf8"));
    expect(readdirSync("/run/corefly").filter((name) => name.includes("tty"))).toEqual([]);
  });

  /** Sends a signal to the pod's process once the app, which has the directory as /v, has made the file `up`. */
  function signalled(signal: string, app: string) {
    const up = join(pods.dir, "up");
    rmSync(up, { force: true });
    const shell =
      '"$@" </dev/tty & pid=$!; until [ -e "$0" ]; do sleep 0.1; done; ' +
      `kill -${signal} $pid; wait $pid; echo ended $?; sleep 1`;
    const volume = `--volume=v,kind=host,source=${pods.dir}`;
    const loop = `${app}; echo >/v/up; while :; do sleep 0.1; done`;
    return pods.runInTerminal(
      [
        "--net=host",
        "--interactive",
        volume,
        "img",
        "--exec=sh",
        "--mount=volume=v,target=/v",
      ].concat(["--", "-c", loop]),
      ["sh", "-c", shell, up],
    ).stdout;
  }

  it("passes signals on and ends as the app does (POD-10)", () => {
    expect(signalled("TERM", "trap 'exit 6' TERM")).toBe("ended 6\r\n");
  });

  it("killed itself, it hangs the app up, and the pod is over", () => {
    const flag = join(pods.dir, "hung-up");
    expect(signalled("KILL", "trap 'echo >/v/hung-up; exit' HUP")).toContain("ended 137");
    expect(existsSync(flag)).toBe(true);
    const list = JSON.parse(corefly([`--dir=${pods.dataDir}`, "list", "--format=json"]).stdout);
    expect(list.map(({ state }: { readonly state: string }) => state)).not.toContain("running");
  });
});
