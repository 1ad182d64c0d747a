// SPDX-License-Identifier: Apache-2.0
// `run` with the default flavour: crun, namespaces, networks; nothing stays on the host.
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { cniPluginDir } from "../../../helpers/cni-plugins.ts";
import { corefly } from "../../../helpers/corefly.ts";
import { type PodFixture, podFixture } from "../../../helpers/pod-fixture.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

let pods: PodFixture;

beforeAll(() => {
  pods = podFixture("oci", cniPluginDir());
});

afterAll(() => {
  pods.stop();
  pods.remove();
});

const mountLines = () => readFileSync("/proc/self/mountinfo", "utf8").split("\n").length;
const shell = (flags: readonly string[], script: string, app: object = {}) =>
  pods.run(["--net=host", ...flags, "img", "--exec=sh", "--", "-c", script], app);

describe("run --stage1=oci", () => {
  it("answers the app's exit code, also that of a signal (POD-10)", () => {
    expect(shell([], "exit 255").status).toBe(255);
    expect(shell([], "exit 7").status).toBe(7);
    expect(shell([], "kill -9 $$; sh -c 'kill -9 $$'; exit $?").status).toBe(137);
    expect(shell([], "sh -c 'kill -SEGV $$'; exit $?").status).toBe(139);
  });

  it("shows all volumes, whatever their order (POD-07)", () => {
    const flags = ["b", "a"].flatMap((name) => {
      const source = join(pods.dir, `certs-${name}`);
      mkdirSync(source);
      writeFileSync(join(source, `f${name}`), name);
      return [
        `--volume=${name},kind=host,source=${source}`,
        `--mount=volume=${name},target=/certs${name === "b" ? "/b" : ""}`,
      ];
    });
    expect(shell(flags, "cat /certs/fa /certs/b/fb").stdout).toBe("ab");
  });

  it("passes arguments and variables byte for byte (POD-05)", () => {
    const words = ["%i", "%%", "$HOME", "$$", "a b", '"q"', "\\", "", "é", "line\nline"];
    const printed = pods.run([
      "--net=host",
      "img",
      "--exec=/usr/bin/printf",
      "--",
      "[%s]\\n",
      ...words,
    ]);
    expect([printed.stdout, printed.stderr]).toEqual([
      words.map((word) => `[${word}]\n`).join(""),
      "",
    ]);
    const variable = pods.run([
      "--net=host",
      "img",
      "--exec=sh",
      "--environment=A=50%n $x",
      "--",
      "-c",
      'printf "%s" "$A"',
    ]);
    expect(variable.stdout).toBe("50%n $x");
  });

  it("isolates the app and gives it appc's environment", () => {
    const { stdout } = shell(
      ["--hostname=web1"],
      "echo $$ $AC_APP_NAME $container $HOME; cat /proc/sys/kernel/hostname; grep web1 /etc/hosts; for n in net pid ipc uts mnt; do readlink /proc/self/ns/$n; done",
    );
    const [first, hostname, hosts, net, ...others] = stdout.trim().split("\n");
    expect([first, hostname, hosts]).toEqual([
      "1 busybox corefly /root",
      "web1",
      "127.0.1.1\tweb1",
    ]);
    expect(net).toBe(readlinkSync("/proc/self/ns/net"));
    for (const [index, namespace] of ["pid", "ipc", "uts", "mnt"].entries()) {
      expect(others[index]).not.toBe(readlinkSync(`/proc/self/ns/${namespace}`));
    }
  });

  it("gives the app no descriptors but its streams: any other would lead out", () => {
    const script =
      "fd=3; while [ $fd -lt 64 ]; do readlink /proc/$$/fd/$fd; fd=$((fd+1)); done; echo end";
    expect(shell([], script).stdout).toBe("end\n");
  });

  it("runs the image's user, with its groups, in its directory", () => {
    expect(pods.run(["--net=host", "img", "--exec=id"], { user: "web" }).stdout).toBe(
      "uid=1000(web) gid=1000(web) groups=50(logs),1000(web)\n",
    );
    expect(
      pods.run(["--net=host", "img", "--exec=pwd", "--working-dir=/not/there/yet"]).stdout,
    ).toBe("/not/there/yet\n");
  });

  it("limits capabilities, and not with --insecure-options, which the plan says", () => {
    const effective = (...flags: string[]) =>
      /CapBnd:\s*(\w+)/.exec(
        pods.run(["--net=host", "img", "--exec=cat", ...flags, "--", "/proc/self/status"]).stdout,
      )?.[1];
    expect(effective("--caps-retain=CAP_CHOWN")).toBe("0000000000000001");
    expect(effective("--caps-remove=CAP_CHOWN")).not.toBe(effective());
  });

  it("mounts volumes, a shared one both ways, a read-only one not writable", () => {
    const { stdout, stderr } = shell(
      [
        `--volume=ro,kind=host,source=${pods.dir},readOnly=true`,
        "--mount=volume=ro,target=/ro",
        "--volume=e,kind=empty,mode=0711",
        "--mount=volume=e,target=/deep/er",
      ],
      "touch /ro/x 2>/dev/null || echo refused; stat -c %a /deep/er",
    );
    expect([stdout, stderr]).toEqual(["refused\n711\n", ""]);
  });

  it("attaches to the default network, maps a port, and detaches when the pod is removed", async () => {
    const child = pods.start([
      "--port=8080-tcp:127.0.0.1:18099",
      "img",
      "--exec=sh",
      "--",
      "-c",
      "cat /etc/hosts; sleep 60",
    ]);
    const output = await new Promise<string>((resolve) =>
      child.stdout?.once("data", (chunk) => resolve(String(chunk))),
    );
    const [, ip = "", uuid = ""] = /(172\.16\.28\.\d+)\tcorefly-(\S+)/.exec(output) ?? [];
    const cli = (...args: string[]) => corefly([`--dir=${pods.dataDir}`, ...args]);
    expect(cli("status", uuid).stdout).toContain(`networks=default:ip4=${ip}\n`);
    expect(readdirSync("/run/corefly/netns")).toContain(uuid);
    cli("stop", "--force", uuid);
    cli("status", "--wait=5s", uuid);
    expect(
      corefly([`--dir=${pods.dataDir}`, "rm", uuid], { CNI_PATH: cniPluginDir() }),
    ).toMatchObject({ status: 0, stderr: "" });
    expect(readdirSync("/run/corefly/netns")).not.toContain(uuid);
    expect(readdirSync(join(pods.dataDir, "net"))).toEqual([]);
  });

  it("leaves nothing on the host, however the app ends", async () => {
    const before = mountLines();
    shell([], "exit 3");
    const child = pods.start(["--net=host", "img", "--exec=sleep", "--", "60"]);
    let app = 0;
    await waitFor(() => {
      const list = JSON.parse(corefly([`--dir=${pods.dataDir}`, "list", "--format=json"]).stdout);
      app = list.find(({ state }: { state: string }) => state === "running")?.pid ?? 0;
      return app > 0 && app !== child.pid;
    });
    expect(mountLines()).toBe(before);
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    process.kill(app, "SIGKILL");
    // POD-10: the shell sees it, and nobody says 0 afterwards.
    expect(await ended).toBe(137);
    const [uuid = ""] = readdirSync(join(pods.dataDir, "pods/run"));
    const status = corefly([`--dir=${pods.dataDir}`, "status", uuid]);
    expect([status.status, status.stdout.includes("app-")]).toEqual([0, false]);
    expect(mountLines()).toBe(before);
    corefly([`--dir=${pods.dataDir}`, "gc", "--grace-period=0s"]);
    expect(readdirSync(join(pods.dataDir, "pods/run"))).toEqual([]);
  }, 30_000);

  it("refuses what cannot be in one line and leaves no pod, namespace or address behind", () => {
    const before = [
      mountLines(),
      readdirSync(join(pods.dataDir, "pods/run")),
      readdirSync("/run/corefly/netns"),
    ];
    const cases = [
      [
        ["img", "--exec=nope"],
        'run: Cannot start app "busybox": there is no program "nope" in its image\n',
      ],
      [["--net=nope", "img", "--exec=id"], 'run: networks not found: "nope"\n'],
      [
        ["--net=host", "img", "--exec=id", "--caps-retain=CAP_NOPE"],
        'run: Cannot use capability "CAP_NOPE": the kernel has none of that name\n',
      ],
      [
        ["--net=host", "img", "--exec=id", "--user=nobody"],
        'run: Cannot start app "busybox": user "nobody" is not in the image\'s /etc/passwd\n',
      ],
    ] as const;
    for (const [args, stderr] of cases) {
      expect(pods.run(args)).toMatchObject({ status: 254, stderr, stdout: "" });
    }
    expect([
      mountLines(),
      readdirSync(join(pods.dataDir, "pods/run")),
      readdirSync("/run/corefly/netns"),
    ]).toEqual(before);
    for (const phase of ["embryo", "prepare", "garbage"]) {
      expect(readdirSync(join(pods.dataDir, "pods", phase))).toEqual([]);
    }
  });
});
