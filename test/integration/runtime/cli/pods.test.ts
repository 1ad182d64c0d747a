// SPDX-License-Identifier: Apache-2.0
// list, status, stop, rm and gc on pods that really run.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { PHASES } from "../../../../runtime/pod/state.ts";
import { corefly, coreflyAsync } from "../../../helpers/corefly.ts";
import {
  type PodFixture,
  podFixture,
  writeExitedPod,
  writeKubeletPod,
} from "../../../helpers/pod-fixture.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

// A test that is late goes on beside the next one, and takes its pods.
jest.setTimeout(60_000);

let pods: PodFixture;
const cli = (...args: string[]) => corefly([`--dir=${pods.dataDir}`, ...args]);
const uuids = (phase: string) => {
  const dir = join(pods.dataDir, "pods", phase);
  return existsSync(dir) ? readdirSync(dir) : [];
};
const everything = () => PHASES.map((phase) => [phase, uuids(phase)]);

async function startPod(flavour: string, ...words: string[]): Promise<string> {
  const file = join(pods.dir, `uuid-${Math.random()}`);
  pods.start([
    `--stage1=${flavour}`,
    "--net=host",
    `--uuid-file-save=${file}`,
    "img",
    `--exec=${words[0]}`,
    "--",
    ...words.slice(1),
  ]);
  await waitFor(
    () => existsSync(file) && cli("status", `--uuid-file=${file}`).stdout.includes("pid="),
  );
  return readFileSync(file, "utf8");
}

/** Running processes with exactly this command line. */
function pidsOf(...words: string[]): readonly number[] {
  const wanted = words.map((word) => `${word}\0`).join("");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8") === wanted;
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** A process that has nothing to do with pods, and is to outlive what is done. */
async function withStranger(act: (pid: number) => Promise<void>): Promise<void> {
  const stranger = spawn("sleep", ["67"]);
  const ended = once(stranger, "exit");
  await act(stranger.pid ?? 0);
  stranger.kill("SIGHUP");
  expect(await ended).toEqual([null, "SIGHUP"]);
}

beforeAll(() => {
  pods = podFixture("pods");
});

afterAll(() => {
  pods.stop();
  pods.remove();
});

describe("pods on the command line", () => {
  it("an empty list is a head line, null as JSON, and works without a data directory", () => {
    expect(cli("list")).toMatchObject({
      status: 0,
      stdout: "UUID\tAPP\tIMAGE NAME\tSTATE\tCREATED\tSTARTED\tNETWORKS\n",
      stderr: "",
    });
    expect(cli("list", "--no-legend").stdout).toBe("");
    expect(cli("list", "--format=json").stdout).toBe("null\n");
    expect(existsSync(pods.dataDir)).toBe(false);
  });

  it.each(["fly", "oci"])(
    "list, status, stop and rm follow a %s pod through its life",
    async (flavour) => {
      const uuid = await startPod(flavour, "sleep", "60");
      const row = cli("list", "--no-legend")
        .stdout.split("\t")
        .filter((cell) => cell !== "");
      expect(row.slice(0, 4)).toEqual([
        uuid.slice(0, 8),
        "busybox",
        "test.example/busybox",
        "running",
      ]);
      const [pod] = JSON.parse(cli("list", "--format=json").stdout);
      expect(pod).toMatchObject({
        name: uuid,
        state: "running",
        app_names: ["busybox"],
        apps: [{ name: "busybox", state: "running", image_id: "sha512-00" }],
        stage1: flavour,
      });
      const status = cli("status", uuid.slice(0, 6)).stdout;
      expect(status).toMatch(
        /^state=running\ncreated=[^\n]+ UTC\nstarted=[^\n]+ UTC\nnetworks=\npid=\d+\nexited=false\n$/,
      );
      const pid = /pid=(\d+)/.exec(status)?.[1];
      expect(readFileSync(`/proc/${pid}/cmdline`, "utf8")).toBe("sleep\x0060\0");

      expect(cli("rm", uuid)).toMatchObject({
        status: 254,
        stderr: `rm: pod "${uuid}" is currently running\n`,
      });
      expect(cli("gc", "--grace-period=0s")).toMatchObject({ status: 0, stdout: "", stderr: "" });
      // sleep as PID 1 of a namespace ignores TERM
      const stop = flavour === "oci" ? ["stop", "--force"] : ["stop"];
      expect(cli(...stop, uuid)).toMatchObject({ status: 0, stdout: `"${uuid}"\n`, stderr: "" });
      expect(cli("status", "--wait=5s", uuid).stdout).toMatch(/^state=exited\n.*exited=true\n$/s);
      expect(cli("stop", uuid)).toMatchObject({
        status: 0,
        stdout: `pod "${uuid}" is already stopped\n`,
      });
      expect(cli("rm", uuid)).toMatchObject({ status: 0, stdout: `"${uuid}"\n`, stderr: "" });
      expect(everything().flatMap(([, names]) => names)).toEqual([]);
      expect(existsSync(`/run/corefly/crun/${uuid}-busybox`)).toBe(false);
    },
  );

  it("stop --force ends what is started while it looks", async () => {
    const forks = "trap '' TERM; for i in $(seq 400); do sleep 61 & done; wait";
    const uuid = await startPod("fly", "sh", "-c", forks);
    expect(cli("stop", "--force", uuid)).toMatchObject({ status: 0 });
    expect(cli("status", "--wait=5s", uuid).stdout).toMatch(/^state=exited\n/);
    cli("rm", uuid);
  });

  it("stop --force ends everything that has the pod's root, so that the lock is free", async () => {
    const uuid = await startPod("fly", "sh", "-c", "trap '' TERM; sleep 61 & sleep 62 & wait");
    cli("stop", "--force", uuid);
    expect(cli("status", "--wait=5s", uuid).stdout).toMatch(/^state=exited\n/);
    cli("rm", uuid);
  });

  it("stop says that the first process has ended where others hold the pod, and --force ends them", async () => {
    // The second has left the pod's root, and holds its lock all the same.
    const script = `sleep 65 & busybox chroot /proc/${process.pid}/root sleep 66 &`;
    const uuid = await startPod("fly", "sh", "-c", script);
    const others: number[] = [];
    await waitFor(() => {
      others.splice(0, 2, ...["65", "66"].flatMap((time) => pidsOf("sleep", time)));
      return others.length === 2 && pidsOf("sh", "-c", script).length === 0;
    });
    const pids = others.sort((a, b) => a - b).join(", ");
    const refusal = `stop: Cannot stop pod "${uuid}": its first process has ended, others still run: ${pids} (--force kills them)\n`;
    expect(cli("stop", uuid)).toMatchObject({ status: 254, stdout: "", stderr: refusal });
    await withStranger(async (stranger) => {
      // As if the first process's pid were somebody else's now.
      const dir = join(pods.dataDir, "pods/run", uuid);
      const started = JSON.parse(readFileSync(join(dir, "started"), "utf8"));
      writeFileSync(join(dir, "pid"), `${stranger}\n`);
      writeFileSync(join(dir, "started"), JSON.stringify({ ...started, pid: stranger }));
      expect(cli("stop", uuid)).toMatchObject({ status: 254, stdout: "", stderr: refusal });
      expect(cli("stop", "--force", uuid)).toMatchObject({ status: 0, stderr: "" });
    });
    expect(cli("status", "--wait=5s", uuid).stdout).toMatch(/^state=exited\n/);
    cli("rm", uuid);
  });

  it("stop signals no stranger who has the pid of a container's app", async () => {
    const uuid = await startPod("oci", "sleep", "60");
    const file = join(pods.dataDir, "pods/run", uuid, "pid");
    await waitFor(() => {
      const app = Number(readFileSync(file, "utf8"));
      return app > 0 && pidsOf("sleep", "60").includes(app);
    });
    const app = readFileSync(file, "utf8");
    await withStranger(async (stranger) => {
      writeFileSync(file, `${stranger}\n`);
      expect(cli("stop", uuid)).toMatchObject({
        status: 254,
        stdout: "",
        stderr: expect.stringMatching(/first process has ended, others still run: \d+ \(/),
      });
    });
    writeFileSync(file, app);
    cli("stop", "--force", uuid);
    expect(cli("status", "--wait=5s", uuid).stdout).toMatch(/^state=exited\n/);
    cli("rm", uuid);
  });

  it("status --wait-ready waits for the UUID file of a run that begins, no longer than it is told", async () => {
    const file = join(pods.dir, "uuid-to-come");
    const status = ["status", `--uuid-file=${file}`];
    expect(cli(...status, "--wait-ready=200ms")).toMatchObject({
      status: 1,
      stderr: `status: Cannot read UUID file "${file}": ENOENT\n`,
    });
    const waiting = coreflyAsync([`--dir=${pods.dataDir}`, ...status, "--wait-ready=20s"]);
    const run = ["--stage1=fly", `--uuid-file-save=${file}`, "img", "--exec=sleep", "--", "60"];
    pods.start(run);
    const ready = /^state=running\n.*\npid=\d+\nexited=false\n$/s;
    expect(await waiting).toMatchObject({ stdout: expect.stringMatching(ready) });
    cli("stop", "--force", `--uuid-file=${file}`);
    cli("status", "--wait=5s", `--uuid-file=${file}`);
    cli("rm", `--uuid-file=${file}`);
  });

  it("list and status say of which family each address of a pod is", () => {
    const uuid = "66666666-0000-4000-8000-000000000000";
    writeExitedPod(pods.dataDir, uuid);
    const networks = ["10.2.0.7", "fd00::7"].map((ip) => ({ name: "default", ifName: "eth0", ip }));
    writeFileSync(join(pods.dataDir, "pods/run", uuid, "network.json"), JSON.stringify(networks));
    const shown = "default:ip4=10.2.0.7, default:ip6=fd00::7";
    expect(cli("status", uuid).stdout).toContain(`\nnetworks=${shown}\n`);
    expect(cli("list", "--no-legend").stdout).toContain(`\t${shown}\n`);
    cli("rm", uuid);
  });

  it("an empty, unknown or ambiguous UUID matches no pod (POD-03)", async () => {
    const running = await startPod("fly", "sleep", "60");
    pods.run(["--stage1=fly", "img", "--exec=true"]);
    pods.run(["--stage1=fly", "img", "--exec=true"]);
    const before = everything();
    writeFileSync(join(pods.dir, "empty"), "\n");
    writeFileSync(join(pods.dir, "unknown"), "00000000-0000-4000-8000-000000000000\n");
    const cases = [
      [["stop", ""], 254, "stop: UUID cannot be empty\n"],
      [["rm", ""], 254, "rm: UUID cannot be empty\n"],
      [["status", ""], 254, "status: UUID cannot be empty\n"],
      [["rm", `--uuid-file=${pods.dir}/empty`], 254, "rm: UUID cannot be empty\n"],
      [
        ["stop", `--uuid-file=${pods.dir}/unknown`],
        254,
        'stop: no matches found for "00000000-0000-4000-8000-000000000000"\n',
      ],
      [
        ["rm", `--uuid-file=${pods.dir}/unknown`],
        254,
        'rm: no matches found for "00000000-0000-4000-8000-000000000000"\n',
      ],
      [["status", "zz"], 254, 'status: no matches found for "zz"\n'],
      [
        ["stop", `--uuid-file=${pods.dir}/none`],
        1,
        `stop: Cannot read UUID file "${pods.dir}/none": ENOENT\n`,
      ],
      [
        ["status", `--uuid-file=${pods.dir}/none`],
        1,
        `status: Cannot read UUID file "${pods.dir}/none": ENOENT\n`,
      ],
      [
        ["rm", `--uuid-file=${pods.dir}/none`],
        254,
        `rm: Cannot read UUID file "${pods.dir}/none": ENOENT\n`,
      ],
      [["rm"], 254, "rm: must provide at least one pod UUID, or --uuid-file\n"],
    ] as const;
    for (const [args, status, stderr] of cases) {
      expect([args, cli(...args)]).toMatchObject([args, { status, stderr, stdout: "" }]);
    }
    expect(everything()).toEqual(before);
    expect(cli("status", running).stdout).toMatch(/^state=running\n/);
    cli("stop", "--force", running);
    cli("status", "--wait=5s", running);
  });

  it("gc marks, waits out the grace period, removes, and passes over what it does not own", async () => {
    cli("gc", "--grace-period=0s");
    pods.run(["--stage1=fly", "img", "--exec=true"]);
    const [uuid = ""] = uuids("run");
    expect(cli("gc", "--mark-only")).toMatchObject({
      status: 0,
      stdout: "",
      stderr: `gc: moving pod "${uuid}" to garbage\n`,
    });
    expect(cli("list", "--no-legend").stdout).toContain("\texited garbage\t");
    expect(cli("gc").stderr).toBe(
      `gc: pod "${uuid}" not removed: still within grace period (30m0s)\n`,
    );
    pods.run(["--stage1=fly", "img", "--exec=true"]);
    const kubelets = await writeKubeletPod(pods.dataDir, "another boot");
    expect(cli("gc", "--grace-period=0s").stdout.split("\n").length).toBe(3);
    expect(uuids("run")).toEqual([kubelets.uuid]);
    expect(cli("rm", "1111").stderr).toBe(
      `rm: pod "${kubelets.uuid}" belongs to the kubelet: delete it there (kubectl delete pod)\n`,
    );
    expect(cli("gc", "--grace-period=soon")).toMatchObject({
      status: 254,
      stderr: 'gc: Cannot use flag "--grace-period": "soon" is not a duration like 30m or 1h30m\n',
    });
  });

  it("gc removes files of images that nothing names, but not with --mark-only, nor what a fetch just left", () => {
    const tree = (digit: string, minutes: number) => {
      const path = join(pods.dataDir, "layers", digit.repeat(64));
      mkdirSync(join(path, "rootfs"), { recursive: true });
      writeFileSync(join(path, "rendered"), '{"bytes":1,"inodes":1}\n');
      const at = Date.now() / 1000 - minutes * 60;
      utimesSync(join(path, "rendered"), at, at);
      return path;
    };
    const [old, young] = [tree("a", 61), tree("b", 59)];
    cli("gc", "--mark-only");
    expect([old, young].map((path) => existsSync(path))).toEqual([true, true]);
    expect(cli("gc").status).toBe(0);
    expect([old, young].map((path) => existsSync(path))).toEqual([false, true]);
  });

  it("two collectors at once remove every pod and complain about none (POD-04)", async () => {
    for (let round = 0; round < 5; round += 1) {
      for (let pod = 0; pod < 30; pod += 1) {
        writeExitedPod(
          pods.dataDir,
          `${round}${String(pod).padStart(7, "0")}-0000-4000-8000-000000000000`,
        );
      }
      const runs = await Promise.all(
        [1, 2].map(() => coreflyAsync([`--dir=${pods.dataDir}`, "gc", "--grace-period=0s"])),
      );
      for (const { status, stderr } of runs) {
        expect(status).toBe(0);
        expect(stderr.replace(/gc: moving pod "[^"]+" to garbage\n/g, "")).toBe("");
      }
      const removed = runs
        .flatMap(({ stdout }) => stdout.trim().split("\n"))
        .filter((line) => line !== "");
      expect(new Set(removed).size).toBe(30);
      expect(uuids("run").filter((uuid) => !uuid.startsWith("1111"))).toEqual([]);
      expect([...uuids("exited-garbage"), ...uuids("garbage")]).toEqual([]);
    }
  });
});
