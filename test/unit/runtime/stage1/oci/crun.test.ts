// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { conmonCommand, parseSyncAnswer } from "../../../../../runtime/stage1/oci/conmon.ts";
import {
  crunDelete,
  crunError,
  crunExecCommand,
  crunKill,
  crunMessage,
  crunRunCommand,
  crunState,
  parseCrunState,
} from "../../../../../runtime/stage1/oci/crun.ts";
import { recordingSystem } from "../../../../../runtime/system/fake/recording-system.ts";

const crun = {
  file: "/bin/crun",
  root: "/run/corefly/crun",
  cgroupDriver: "systemd",
  env: { PATH: "/bin" },
  view: <T>(start: () => T) => start(),
  timeoutMs: 60_000,
} as const;

describe("crunRunCommand()", () => {
  it("is the whole command line", () => {
    expect(crunRunCommand(crun, { id: "c1", bundle: "/b", pidFile: "/p" })).toEqual({
      file: "/bin/crun",
      args: [
        "--root=/run/corefly/crun",
        "--systemd-cgroup",
        "run",
        "--bundle=/b",
        "--pid-file=/p",
        "c1",
      ],
      env: { PATH: "/bin" },
    });
  });
});

describe("crunExecCommand()", () => {
  it("keeps crun's own words out of the process's stderr", () => {
    const command = crunExecCommand(
      { ...crun, cgroupDriver: "cgroupfs" },
      { id: "c1", processFile: "/s/p.json", logFile: "/s/log" },
    );
    expect(command.args).toEqual([
      "--root=/run/corefly/crun",
      "--cgroup-manager=cgroupfs",
      "--log=/s/log",
      "--log-format=json",
      "exec",
      "--process=/s/p.json",
      "c1",
    ]);
  });

  it("names the socket to which the terminal goes", () => {
    const { args } = crunExecCommand(crun, {
      id: "c1",
      processFile: "/s/p.json",
      logFile: "/s/log",
      consoleSocket: "/s/tty",
    });
    expect(args.slice(-3)).toEqual(["--process=/s/p.json", "--console-socket=/s/tty", "c1"]);
  });
});

describe("conmonCommand()", () => {
  it("hands crun's options on and numbers the sync pipe", () => {
    const command = conmonCommand(
      { file: "/bin/conmon", env: {}, crun },
      {
        id: "c1",
        name: "web",
        bundle: "/b",
        persistDir: "/p",
        exitDir: "/e",
        socketDir: "/s",
        logPath: "/var/log/pods/x:y/0.log",
        terminal: true,
        stdin: true,
        leaveStdinOpen: true,
      },
      { sync: 20, inheritFds: [7] },
    );
    expect(command.args.join(" ")).toBe(
      "--cid c1 --cuuid c1 --name web --runtime /bin/crun --bundle /b --persist-dir /p --exit-dir /e --socket-dir-path /s" +
        " --container-pidfile /b/pidfile --conmon-pidfile /b/conmon-pidfile --log-path k8s-file:/var/log/pods/x:y/0.log" +
        " --log-level error --runtime-arg --root=/run/corefly/crun --runtime-arg --systemd-cgroup --systemd-cgroup" +
        " --terminal --stdin --leave-stdin-open",
    );
    expect(command.env).toEqual({ _OCI_SYNCPIPE: "3" });
    expect(command.inheritFds).toEqual([20, 7]);
  });
});

describe("parseSyncAnswer()", () => {
  it("finds the pid", () => {
    expect(parseSyncAnswer('{"pid":42}', "c1", "")).toBe(42);
    expect(parseSyncAnswer('{"data":42}', "c1", "")).toBe(42);
  });

  it.each([
    [
      '{"pid":-1,"message":"executable file `x` not found\\n"}',
      "",
      "executable file `x` not found",
    ],
    ['{"pid":-1}', "boom", "boom"],
    ["", "", "conmon ended without a word"],
    ["", "[conmon:e]: bad option\n", "[conmon:e]: bad option"],
  ])("throws what %j and %j say", (line, stderr, reason) => {
    expect(() => parseSyncAnswer(line, "c1", stderr)).toThrow(`Cannot create app "c1": ${reason}`);
  });

  it.each(["nonsense", "42", "null"])("calls %j a bug", (line) => {
    expect(() => parseSyncAnswer(line, "c1", "")).toThrow(
      `Cannot create app "c1": conmon said "${line}"`,
    );
  });
});

describe("crunMessage()", () => {
  it.each([
    ["2026-11-25T01:00:25.318630Z: cannot do it\n", "cannot do it"],
    ["warning\n[crun] broken", "broken"],
    ['{"msg":"not found","level":"error","time":"2026"}\n', "not found"],
    ["", ""],
  ])("%j says %j", (output, message) => {
    expect(crunMessage(output)).toBe(message);
  });
});

describe("crunError()", () => {
  it.each([
    ["container `c1` does not exist", "NOT_FOUND"],
    ["error opening file `/run/crun/c1/status`: No such file or directory", "NOT_FOUND"],
    ["the container `c1` is not running", "POD_STATE"],
    ["container `c1` already exists", "POD_STATE"],
    ["executable file `/nope` not found in $PATH: No such file or directory", "EXEC"],
    ["", "EXEC"],
  ])("%j is %s", (message, code) => {
    expect(crunError("start it", message)).toMatchObject({ code });
  });
});

describe("thin runners", () => {
  const saying = (stderr: string) =>
    recordingSystem({ exec: () => ({ exitCode: 1, stderr, stdout: "" }) });

  it("crunKill() is false and crunDelete() fine when the app is gone", async () => {
    expect(await crunKill(saying("kill container: No such process"), crun, "c1", 9)).toBe(false);
    await crunDelete(saying("container `c1` does not exist"), crun, "c1");
  });

  it("crunState() is undefined when crun does not know the app, and throws for the rest", async () => {
    expect(await crunState(saying("container `c1` does not exist"), crun, "c1")).toBeUndefined();
    await expect(crunState(saying("disk on fire"), crun, "c1")).rejects.toThrow(
      'Cannot read the state of app "c1": disk on fire',
    );
  });
});

describe("parseCrunState()", () => {
  it("reads what crun prints", () => {
    const text = '{"ociVersion":"1.0.0","id":"c1","pid":7,"status":"running","bundle":"/b"}';
    expect(parseCrunState(text, "c1")).toEqual({ id: "c1", pid: 7, status: "running" });
  });

  it.each(["", "[]", '{"pid":"7","status":"running"}', '{"pid":7,"status":"flying"}'])(
    "refuses %j",
    (text) => expect(() => parseCrunState(text, "c1")).toThrow("Cannot read the state"),
  );
});
