// SPDX-License-Identifier: Apache-2.0
// `run` as users call it: an image file with its signature, the store, both flavours.
import { execFileSync, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { generateKey } from "openpgp";
import { makeBusyboxRoot } from "../../../helpers/busybox-image.ts";
import { corefly, coreflyArgv } from "../../../helpers/corefly.ts";
import { waitFor } from "../../../helpers/wait-for.ts";

jest.setTimeout(60_000);

let dir = "";
let image = "";
const cli = (...args: string[]) =>
  corefly([
    `--dir=${dir}/data`,
    `--local-config=${dir}/etc`,
    `--system-config=${dir}/none`,
    ...args,
  ]);
const run = (...args: string[]) => cli("--insecure-options=image", "run", "--net=host", ...args);
const podCount = () =>
  existsSync(`${dir}/data/pods/run`) ? readdirSync(`${dir}/data/pods/run`).length : 0;

/** An ACI of the layer, with this name. */
function build(
  name: string,
  file: string,
  app: object = { exec: ["/bin/sh"], user: "0", group: "0" },
): string {
  const spec = {
    name,
    version: "1.0",
    os: "linux",
    arch: "amd64",
    app,
    files: [{ tar: join(dir, "layer.tar") }],
  };
  writeFileSync(join(dir, "spec.json"), JSON.stringify(spec));
  const path = join(dir, file);
  expect(cli("image", "build", join(dir, "spec.json"), path, "--format=aci").status).toBe(0);
  return path;
}

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "run-"));
  makeBusyboxRoot(join(dir, "layer"));
  execFileSync("tar", ["-C", join(dir, "layer"), "-cf", join(dir, "layer.tar"), "."]);
  image = build("test.example/shell", "shell.aci");
});

afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("corefly run", () => {
  it("imports an image file, then finds it by name, by name and version, and by id, without the file", () => {
    expect(run(image, "--", "-c", "echo one").stdout).toBe("one\n");
    rmSync(image);
    const [record = ""] = readdirSync(join(dir, "data/images"));
    const { id } = JSON.parse(readFileSync(join(dir, "data/images", record), "utf8"));
    for (const reference of ["test.example/shell", "test.example/shell:1.0", id, id.slice(0, 20)]) {
      expect(run(reference, "--", "-c", "echo again")).toMatchObject({
        stdout: "again\n",
        stderr: "",
      });
    }
    expect(run("--pull-policy=never", "test.example/shell:2.0")).toMatchObject({
      status: 254,
      stderr:
        'run: Cannot fetch image "test.example/shell:2.0": it is not in the store and fetching is disabled (pull policy never)\n',
    });
  });

  it.each(["fly", "oci"])(
    "%s: arguments and variables arrive byte for byte (POD-05)",
    (flavour) => {
      const words = ["%i", "%%", "$HOME", "$$", "a b", '"q"', "\\", ""];
      const printed = run(
        `--stage1=${flavour}`,
        "test.example/shell",
        "--exec=/usr/bin/printf",
        "--",
        "[%s]\\n",
        ...words,
      );
      expect([printed.stdout, printed.stderr]).toEqual([
        words.map((word) => `[${word}]\n`).join(""),
        "",
      ]);
      expect(
        run(
          `--stage1=${flavour}`,
          "test.example/shell",
          "--environment=A=50%n $x",
          "--",
          "-c",
          'printf %s "$A"',
        ).stdout,
      ).toBe("50%n $x");
    },
  );

  it("passes stdin, and flushes everything into a pipe that is read late", () => {
    const script = `printf 'in' | '${process.execPath}' ${coreflyArgv([
      `--dir=${dir}/data`,
      "run",
      "--stage1=fly",
      "test.example/shell",
      "--",
      "-c",
      "cat; echo err >&2",
    ])
      .map((word) => `'${word}'`)
      .join(" ")} 2>&1 | (sleep 0.2; cat)`;
    expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe("inerr\n");
  });

  it("--dry-run prints the plan and makes no pod", () => {
    const before = podCount();
    const plan = JSON.parse(
      run("--dry-run", "--stage1=fly", "test.example/shell", "--exec=/x", "--", "y").stdout,
    );
    expect(plan).toMatchObject({
      flavour: "fly",
      app: { name: "shell", args: ["/x", "y"], layers: [expect.stringContaining(dir)] },
    });
    expect(podCount()).toBe(before);
  });

  it("a read-only root is read-only in both flavours, volumes in it are not", () => {
    for (const flavour of ["fly", "oci"]) {
      const { stdout } = run(
        `--stage1=${flavour}`,
        "--volume=v,kind=empty",
        "--mount=volume=v,target=/v",
        "test.example/shell",
        "--readonly-rootfs",
        "--",
        "-c",
        "touch /x 2>/dev/null || echo refused; touch /v/x && echo written",
      );
      expect([flavour, stdout]).toEqual([flavour, "refused\nwritten\n"]);
    }
  });

  it("leaves no pod when the UUID cannot be saved", () => {
    const before = podCount();
    expect(run(`--uuid-file-save=${dir}/no/such/dir`, "test.example/shell")).toMatchObject({
      status: 254,
      stdout: "",
      stderr: expect.stringMatching(/^run: .*ENOENT/),
    });
    expect(podCount()).toBe(before);
  });

  it("rm and gc end an app whose crun was killed", async () => {
    const file = join(dir, "uuid");
    const child = spawn(
      process.execPath,
      coreflyArgv([
        `--dir=${dir}/data`,
        "run",
        "--net=host",
        `--uuid-file-save=${file}`,
        "test.example/shell",
        "--",
        "-c",
        "sleep 60; true",
      ]),
      { stdio: "ignore" },
    );
    const pid = () =>
      Number(/pid=(\d+)/.exec(cli("status", `--uuid-file=${file}`).stdout)?.[1] ?? 0);
    await waitFor(() => existsSync(file) && pid() > 0 && pid() !== child.pid);
    const app = pid();
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    expect(cli("rm", `--uuid-file=${file}`)).toMatchObject({ status: 0, stderr: "" });
    await waitFor(() => !existsSync(`/proc/${app}`));
  });
});

describe("trust", () => {
  it("runs only verified images where a key is trusted for the name", async () => {
    const { privateKey, publicKey } = await generateKey({
      userIDs: [{ name: "t" }],
      format: "object",
    });
    writeFileSync(join(dir, "private.asc"), privateKey.armor());
    const path = build("signed.example/app", "signed.aci");
    expect(run(path, "--", "-c", "true").status).toBe(0);

    const keys = join(dir, "etc/trustedkeys/prefix.d/signed.example");
    mkdirSync(keys, { recursive: true });
    writeFileSync(join(keys, publicKey.getFingerprint()), publicKey.armor());
    const plain = (...args: string[]) => cli("run", "--net=host", ...args, "--", "-c", "echo ran");
    expect(plain("--pull-policy=never", "signed.example/app")).toMatchObject({
      status: 254,
      stdout: "",
      stderr:
        'run: Cannot run image "signed.example/app": a key is trusted for "signed.example/app", and no image of that name was verified with it\n',
    });
    expect(plain("test.example/shell").stdout).toBe("ran\n");

    expect(cli("image", "sign", path, `--key=${dir}/private.asc`, `${path}.asc`).status).toBe(0);
    expect(plain(path).stdout).toBe("ran\n");
    expect(plain("signed.example/app").stdout).toBe("ran\n");
  });
});
