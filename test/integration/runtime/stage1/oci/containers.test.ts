// SPDX-License-Identifier: Apache-2.0
// Apps under the real crun and conmon, with busybox as their image. Each scenario runs in a child process.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const script = join(import.meta.dirname, "../../../../fixtures/oci/scenarios.ts");
const hasCgroupV1 = existsSync("/sys/fs/cgroup/memory");
let work: string;

beforeEach(() => {
  // Short: conmon's socket has its path below.
  work = mkdtempSync("/tmp/cfoci-");
});

afterEach(() => {
  const pidFile = join(work, "bundle/pidfile");
  if (existsSync(pidFile)) {
    try {
      process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    } catch {
      // ended, as it should
    }
  }
  for (const controller of hasCgroupV1 ? readdirSync("/sys/fs/cgroup") : []) {
    const parent = `corefly-test-${basename(work)}`;
    for (const path of [`${parent}/${basename(work)}`, parent]) {
      if (existsSync(join("/sys/fs/cgroup", controller, path))) {
        rmdirSync(join("/sys/fs/cgroup", controller, path));
      }
    }
  }
  rmSync(work, { recursive: true });
});

function scenario(name: string): unknown {
  const stdout = execFileSync(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, name, work],
    { encoding: "utf8", timeout: 30_000 },
  );
  return JSON.parse(stdout);
}

describe("createContainer()", () => {
  it("runs an app to its end and leaves its log, its exit record and nothing else", () => {
    expect(scenario("exit")).toEqual({
      pid: true,
      exitCode: 7,
      oomKilled: false,
      finishedInTime: true,
      exits: [true],
      log: ["TIME stderr F err", "TIME stdout F out", "TIME stdout P partial"],
      status: "stopped",
      killed: false,
      after: "unknown",
      cgroups: [false, false],
    });
  }, 30_000);

  it("fails with crun's own words and leaves no container", () => {
    expect(scenario("errors")).toEqual({
      noProgram: {
        code: "EXEC",
        message:
          'Cannot create app "ID": executable file `/nope` not found in $PATH: No such file or directory',
      },
      noRoot: {
        code: "EXEC",
        message: 'Cannot create app "ID": make `/nonexistent` private: No such file or directory',
      },
      noState: "unknown",
      noMonitor: {
        code: "POD_STATE",
        message: 'Cannot control app "ID": its monitor does not run',
      },
      noConmon: { code: "EXEC", message: 'Cannot run "/nonexistent/conmon": ENOENT' },
      left: ["attach", "config.json", "conmon-pidfile", "ctl", "winsz"],
    });
  }, 30_000);

  it("has the monitor hold inherited locks until the app has ended, and the app not see them", () => {
    expect(scenario("lock")).toEqual({
      whileRunning: true,
      after: false,
      // 3 is the directory that ls reads
      descriptorsOfTheApp: ["0", "1", "2", "3"],
    });
  }, 30_000);

  it("gives a terminal the size it is told", () => {
    expect(scenario("terminal")).toEqual(["33 77", "/dev/pts/0"]);
  }, 30_000);
});

describe("crunKill()", () => {
  it("lets an app end by itself on TERM and ends it on KILL with 137", () => {
    expect(scenario("signals")).toEqual({ sent: true, polite: 5, said: ["bye"], hard: 137 });
  }, 30_000);

  it("crunKillAll() reaches every process of an app in the host's pid namespace", () => {
    expect(scenario("killAll")).toBe("all gone");
  }, 30_000);
});

describe("reopenLog()", () => {
  it("goes on in a new file after the old one was renamed", () => {
    expect(scenario("logs")).toEqual({ old: true, now: true });
  }, 30_000);
});

describe("execSync()", () => {
  it("returns output and status, and leaves no process after its time-out", () => {
    expect(scenario("exec")).toEqual({
      plain: { exitCode: 3, stdout: "out\n", stderr: "err\n", quick: true },
      groups: "1000\n1000 2000\n",
      background: { exitCode: 0, stdout: "done\n", stderr: "", quick: true },
      bytes: 300000,
      noProgram: {
        code: "EXEC",
        message:
          'Cannot run a command in app "ID": executable file `nope` not found in $PATH: No such file or directory',
      },
      zombies: "",
      timeout: {
        code: "TIMEOUT",
        message: 'Cannot run a command in app "ID": not done within 300 ms',
      },
      stillRunning: "running",
      ended: {
        code: "POD_STATE",
        message: 'Cannot run a command in app "ID": the container `ID` is not running',
      },
      left: [],
    });
  }, 30_000);
});

describe("the host's /dev/null", () => {
  it("does not go to an app's user when it is created, gets a further process or runs in the foreground", () => {
    expect(scenario("nullDevice")).toEqual({
      unchanged: true,
      said: ["end"],
      exitCode: 0,
      foreground: [0, "end\n"],
    });
  }, 30_000);
});

describe("ociSpec()", () => {
  it("mounts parents before children, whatever the order in the plan (POD-07), and read-only as deep as asked", () => {
    expect(scenario("mounts")).toEqual([
      "/certs/b/fb",
      "/certs/fa",
      "certs: read-only",
      "nested: writable",
      "rec nested: read-only",
      "b: writable",
      "root: read-only",
      "scratch: writable",
      "64",
    ]);
  }, 30_000);

  it("confines an app by default, and gives a user just its groups and ambient capabilities", () => {
    expect(scenario("confinement")).toEqual({
      confined: [
        "CapEff: 00000000a80425fb",
        "CapBnd: 00000000a80425fb",
        "CapAmb: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp: 2",
        "0",
        "0",
        "sys: read-only",
        "unshare: unshare(0x40000000): Operation not permitted",
        "cat: can't open '/tmp/disk': Operation not permitted",
        "pod-a",
        "pod-a",
      ],
      user: ["CapEff:\t0000000000000400", "1000", "1001", "1001 3000"],
    });
  }, 30_000);

  it("gives a privileged app what corefly has, the host's devices and writable cgroups", () => {
    expect(scenario("privileged")).toEqual([
      "CapEff: OURS",
      "Seccomp: 0",
      "loop",
      "mounted",
      ...(hasCgroupV1 ? ["writable"] : []),
    ]);
  }, 30_000);

  it("applies a seccomp profile from a file", () => {
    expect(scenario("localSeccomp")).toEqual([
      "mkdir: can't create directory '/tmp/x': Operation not supported",
    ]);
  }, 30_000);

  (hasCgroupV1 ? it : it.skip)(
    "sets limits, also on a running app [needs cgroup v1 to read them]",
    () => {
      expect(scenario("limits")).toEqual({
        first: {
          memory: "67108864",
          shares: "512",
          quota: "50000",
          pids: "50",
          // without CAP_SYS_RESOURCE it cannot go below ours
          oomScoreAdj: expect.stringMatching(/^(0|-500)$/),
        },
        updated: { shares: "256", pids: "60" },
      });
    },
    30_000,
  );
});

describe("crunRunCommand()", () => {
  it("runs in the foreground and ends with the app's status", () => {
    expect(scenario("foreground")).toEqual({ status: 9, stdout: "out\n" });
  }, 30_000);
});
