// SPDX-License-Identifier: Apache-2.0
// fly against the real kernel: the process becomes the app, and its mounts are gone with it, however it ends.
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Pods } from "../../../../runtime/pod/pods.ts";
import { linuxSystem } from "../../../../runtime/system/linux.ts";
import { makeBusyboxRoot } from "../../../helpers/busybox-image.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

const system = linuxSystem();
let dir = "";
let dataDir = "";
const started: ChildProcess[] = [];

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "fly-"));
  makeBusyboxRoot(join(dir, "layer"));
  dataDir = join(dir, "data");
});

afterEach(() => {
  for (const child of started.splice(0)) {
    child.kill("SIGKILL");
  }
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

const command = (args: readonly string[], app: object = {}) => [
  "--disable-warning=ExperimentalWarning",
  join(import.meta.dirname, "../../../helpers/run-pod.ts"),
  dataDir,
  join(dir, "layer"),
  JSON.stringify(app),
  "--stage1=fly",
  ...args,
];

const fly = (args: readonly string[], app: object = {}) =>
  spawnSync(process.execPath, command(args, app), {
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin" },
  });

const start = (args: readonly string[]) => {
  const child = spawn(process.execPath, command(args), {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: "/usr/bin:/bin" },
  });
  started.push(child);
  return child;
};

const mountLines = () => readFileSync("/proc/self/mountinfo", "utf8").split("\n").length;

describe("run --stage1=fly", () => {
  it("becomes the app: same pid, no Node, a root that is not the host's, the host's pid and network namespaces", async () => {
    const child = start(["img", "--exec=sleep", "--", "60"]);
    const proc = `/proc/${child.pid}`;
    await waitFor(() => readFileSync(`${proc}/cmdline`, "utf8") === "sleep\x0060\0");
    expect(readlinkSync(`${proc}/exe`)).toMatch(/\/bin\/busybox$/);
    expect(readlinkSync(`${proc}/root`)).toMatch(
      /\/pods\/run\/[0-9a-f-]{36}\/apps\/busybox\/rootfs$/,
    );
    for (const namespace of ["net", "pid", "ipc", "uts"]) {
      expect(readlinkSync(`${proc}/ns/${namespace}`)).toBe(
        readlinkSync(`/proc/self/ns/${namespace}`),
      );
    }
    expect(readlinkSync(`${proc}/ns/mnt`)).not.toBe(readlinkSync("/proc/self/ns/mnt"));
    expect(
      readFileSync(`${proc}/mountinfo`, "utf8")
        .split("\n")
        .map((line) => line.split(" ")[4]),
    ).toEqual(expect.arrayContaining(["/", "/dev", "/proc", "/sys", "/tmp"]));
  });

  it("answers the app's exit code and passes arguments and variables byte for byte", () => {
    expect(fly(["img", "--exec=sh", "--", "-c", "exit 77"]).status).toBe(77);
    const words = ["%i", "%%", "$HOME", "$$", "a b", '"q"', "\\", "", "é", "---x"];
    const printed = fly(["img", "--exec=/usr/bin/printf", "--", "[%s]\\n", ...words]);
    expect(printed.stdout).toBe(words.map((word) => `[${word}]\n`).join(""));
    const variable = fly([
      "img",
      "--exec=sh",
      "--environment=A=50%n $x",
      "--",
      "-c",
      'printf "%s" "$A"',
    ]);
    expect(variable.stdout).toBe("50%n $x");
  });

  it("gives rkt's environment, nothing of its own, and the image's user and groups", () => {
    const env = (args: readonly string[], app: object = {}) =>
      fly(["img", "--exec=/bin/busybox", ...args, "--", "env"], app)
        .stdout.trim()
        .split("\n")
        .sort();
    expect(env([])).toEqual([
      "HOME=/root",
      "LOGNAME=root",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      "SHELL=/bin/sh",
      "USER=root",
    ]);
    const image = {
      user: "web",
      environment: [
        { name: "HOME", value: "/srv" },
        { name: "B", value: "1" },
      ],
    };
    expect(env(["--environment=B=2"], image)).toEqual(
      expect.arrayContaining(["HOME=/srv", "USER=web", "B=2"]),
    );
    expect(fly(["img", "--exec=id"], { user: "web" }).stdout).toBe(
      "uid=1000(web) gid=1000(web) groups=50(logs)\n",
    );
    expect(
      fly(["img", "--exec=id", "--user=12", "--group=34", "--supplementary-gids=56,78"]).stdout,
    ).toBe("uid=12 gid=34 groups=56,78\n");
    expect(fly(["img", "--exec=id", "--user=/etc/passwd"]).stdout).toContain("uid=0(root)");
  });

  it("leaves no mount on the host, however the app ends; volumes can be unmounted at once (POD-08)", async () => {
    const volume = join(dir, "cfm");
    mkdirSync(volume);
    system.kernel.mount("tmpfs", volume, "tmpfs", 0);
    const before = mountLines();
    for (let run = 0; run < 5; run += 1) {
      expect(
        fly([
          `--volume=v,kind=host,source=${volume}`,
          "--mount=volume=v,target=/v",
          "img",
          "--exec=true",
        ]).status,
      ).toBe(0);
    }
    expect(
      fly([
        "--volume=v,kind=host,source=/,recursive=true",
        "--mount=volume=v,target=/host",
        "img",
        "--exec=true",
      ]).status,
    ).toBe(0);
    const child = start([
      `--volume=v,kind=host,source=${volume}`,
      "--mount=volume=v,target=/v",
      "img",
      "--exec=sleep",
      "--",
      "60",
    ]);
    await waitFor(() => readlinkSync(`/proc/${child.pid}/exe`).endsWith("busybox"));
    expect(mountLines()).toBe(before);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(mountLines()).toBe(before);
    system.kernel.umount(volume);
  });

  it("gives the app its streams and the pod's lock, no other descriptor", () => {
    const script = "fd=3; while [ $fd -lt 64 ]; do readlink /proc/$$/fd/$fd; fd=$((fd+1)); done";
    const { stdout } = fly(["img", "--exec=sh", "--", "-c", script]);
    expect(stdout).toBe("/\n");
  });

  it("gives the app with the pod's lock no way out of the pod's directory", () => {
    const script =
      "fd=3; until [ -e /proc/$$/fd/$fd ]; do fd=$((fd+1)); done; ls /proc/$$/fd/$fd/../../../../..";
    const { stdout } = fly(["img", "--exec=sh", "--", "-c", script]);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["apps", "pod"]));
    expect(stdout.split("\n")).not.toContain("etc");
  });

  it("holds the pod's lock until its last process is gone", async () => {
    const uuidFile = join(dir, "uuid");
    const child = start([
      `--uuid-file-save=${uuidFile}`,
      "img",
      "--exec=sh",
      "--",
      "-c",
      "sleep 30 & echo $!; exit 0",
    ]);
    const output = new Promise<string>((resolve) =>
      child.stdout?.once("data", (chunk) => resolve(String(chunk))),
    );
    const orphan = Number((await output).trim());
    await new Promise((resolve) => child.once("exit", resolve));
    const uuid = readFileSync(uuidFile, "utf8");
    expect(uuid).toMatch(/^[0-9a-f-]{36}$/);
    const pods = new Pods(system, dataDir);
    const state = () => {
      using pod = pods.get(uuid);
      return pod.state();
    };
    expect(state()).toBe("running");
    process.kill(orphan, "SIGKILL");
    await waitFor(() => state() === "exited");
  });

  it("shows volumes: read-only ones, empty ones, files, and a tmpfs on /tmp", () => {
    writeFileSync(join(dir, "file"), "content");
    const { stdout, stderr } = fly([
      `--volume=ro,kind=host,source=${dir},readOnly=true`,
      `--volume=file,kind=host,source=${join(dir, "file")}`,
      "--volume=scratch,kind=empty,mode=0700,uid=1000,gid=50",
      "--mount=volume=ro,target=/ro",
      "--mount=volume=file,target=/etc/deep/er/file",
      "--mount=volume=scratch,target=/scratch",
      "img",
      "--exec=sh",
      "--",
      "-c",
      "touch /ro/x 2>/dev/null || echo refused; cat /etc/deep/er/file; echo; stat -c '%a %u %g' /scratch; stat -f -c %T /tmp; touch /tmp/y",
    ]);
    expect({ stdout, stderr }).toEqual({
      stdout: "refused\ncontent\n700 1000 50\ntmpfs\n",
      stderr: "",
    });
  });

  it("keeps mount targets that are symlinks of the image inside its root", () => {
    execFileSync("ln", ["-sfn", `${dir}/victim`, join(dir, "layer/esc")]);
    mkdirSync(join(dir, "victim"));
    const { status, stdout } = fly([
      "--volume=s,kind=empty",
      "--mount=volume=s,target=/esc/sub",
      "img",
      "--exec=sh",
      "--",
      "-c",
      `touch /esc/sub/f; ls ${dir}/victim`,
    ]);
    // The link dangles inside the root: refused, and nothing of the host's was touched.
    expect([status, stdout]).toEqual([254, ""]);
    expect(readdirSync(join(dir, "victim"))).toEqual([]);
    rmSync(join(dir, "layer/esc"));
  });

  it("does not wait for or read without end what an image has in place of its passwd", () => {
    const passwd = join(dir, "layer/etc/passwd");
    const text = readFileSync(passwd);
    try {
      for (const make of [
        ["mkfifo", passwd],
        ["mknod", passwd, "c", "1", "5"],
        ["truncate", "--size=1T", passwd],
      ] as const) {
        rmSync(passwd);
        execFileSync(make[0], make.slice(1));
        expect(fly(["img", "--exec=id"])).toMatchObject({
          status: 254,
          stderr:
            'run: Cannot read "/etc/passwd" of the image: expected a file of at most 4194304 bytes\n',
        });
      }
    } finally {
      rmSync(passwd);
      writeFileSync(passwd, text);
    }
  });

  it("refuses what cannot be in one line and leaves no pod behind", () => {
    const pods = () => readdirSync(join(dataDir, "pods/run")).length;
    const before = pods();
    const errors = [
      [
        ["img", "--exec=nope"],
        'run: Cannot start app "busybox": there is no program "nope" in its image\n',
      ],
      [
        ["img", "--exec=id", "--user=nobody"],
        'run: Cannot start app "busybox": user "nobody" is not in the image\'s /etc/passwd\n',
      ],
      [
        ["--volume=v,kind=host,source=/none", "--mount=volume=v,target=/v", "img", "--exec=id"],
        'run: Cannot mount volume "v" from "/none": it does not exist\n',
      ],
      [
        ["img", "--exec=/etc/passwd"],
        'run: Cannot start app "busybox": there is no program "/etc/passwd" in its image\n',
      ],
    ] as const;
    for (const [args, message] of errors) {
      const { status, stderr, stdout } = fly([...args]);
      expect({ status, stderr, stdout }).toEqual({ status: 254, stderr: message, stdout: "" });
    }
    expect(pods()).toBe(before);
    for (const phase of ["embryo", "prepare", "garbage"]) {
      expect(readdirSync(join(dataDir, "pods", phase))).toEqual([]);
    }
    expect(existsSync("/none")).toBe(false);
  });
});

describe("volumes with propagation=shared", () => {
  // In a mount namespace of the test's own, so that the host's mounts stay as they are.
  const inNamespace = (script: string) =>
    spawnSync("unshare", ["--mount", "--propagation=private", "sh", "-euc", script], {
      encoding: "utf8",
      // The scripts wait for what the app says: one that says nothing ends here.
      timeout: 60_000,
    });
  const corefly = (args: readonly string[]) =>
    [process.execPath, ...command(args)]
      .map((word) => `'${word.replaceAll("'", "'\\''")}'`)
      .join(" ");

  it("carry mounts both ways, as a kubelet's volumes need; slaves only towards the app", () => {
    const source = join(dir, "kubelet");
    mkdirSync(join(source, "a"), { recursive: true });
    mkdirSync(join(source, "b"));
    const run = (propagation: string) =>
      inNamespace(`
        mount --bind --make-shared ${source} ${source}
        ${corefly([`--volume=k,kind=host,source=${source},propagation=${propagation}`, "--mount=volume=k,target=/k", "img", "--exec=sh", "--", "-c", "mount -t tmpfs tmpfs /k/a; touch /k/a/from-app; echo ready; sleep 0.3; ls /k/b"])} > ${dir}/out &
        while ! grep -q ready ${dir}/out; do sleep 0.01; done
        ls ${source}/a
        mount -t tmpfs tmpfs ${source}/b; touch ${source}/b/from-host
        wait; cat ${dir}/out; rm ${dir}/out`);
    expect(run("shared").stdout).toBe("from-app\nready\nfrom-host\n");
    expect(run("slave").stdout).toBe("ready\nfrom-host\n");
    expect(run("private").stdout).toBe("ready\n");
  });

  it("are the only mounts that reach the host where every mount is shared, as systemd has it", () => {
    const { stdout } = inNamespace(`
      mount --make-rshared /
      wc -l < /proc/self/mountinfo
      ${corefly(["--volume=v,kind=host,source=/,recursive=true", "--mount=volume=v,target=/v", "img", "--exec=sh", "--", "-c", "sleep 0.3"])} &
      while ! ls ${dataDir}/pods/run/*/started >/dev/null 2>&1; do sleep 0.01; done
      sleep 0.1; wc -l < /proc/self/mountinfo
      wait; wc -l < /proc/self/mountinfo`);
    const [before, during, after] = stdout.trim().split("\n");
    expect([during, after]).toEqual([before, before]);
  });

  it("need a shared mount on the host, and are refused with the command that makes one", () => {
    const { stderr, status } = inNamespace(
      corefly([
        `--volume=k,kind=host,source=${dir},propagation=shared`,
        "--mount=volume=k,target=/k",
        "img",
        "--exec=true",
      ]),
    );
    expect([status, stderr]).toEqual([
      254,
      `run: Cannot share volume "k" with the host: "${dir}" is not on a shared mount (mount --bind --make-shared ${dir} ${dir})\n`,
    ]);
  });
});
