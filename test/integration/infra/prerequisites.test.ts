// SPDX-License-Identifier: Apache-2.0
// What `make` says of a workstation that lacks things: all of them at once, with the command; or it installs them.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Ran, run } from "../../helpers/program.ts";

const script = resolve(import.meta.dirname, "../../../infra/prerequisites.sh");

/** A workstation with these programs alone; /usr/sbin counts, as in the script. */
const BASICS = ["sh", "sort", "tr", "id", "ls", "date", "mktemp", "tail", "rm", "cat"];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "corefly-bare-"));
  for (const name of BASICS) symlinkSync(join("/usr/bin", name), join(folder, name));
  writeFileSync(join(folder, "npm"), "#!/bin/sh\n", { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true }));

function check(kind: string): Promise<Ran> {
  return run("/bin/sh", [script, kind], { env: { PATH: folder } });
}

/** An apt-get that notes what it is asked, and answers so. */
function fakeApt(answer: string): void {
  const text = `#!/bin/sh\necho "$@" >>${folder}/asked\n${answer}\n`;
  writeFileSync(join(folder, "apt-get"), text, { mode: 0o755 });
}

describe("prerequisites.sh", () => {
  it("names everything that is missing at once, with the command, where it cannot install", async () => {
    const { exitCode, stdout, stderr } = await check("up");
    expect([exitCode, stdout]).toEqual([1, ""]);
    const [needs = "", command = ""] = stderr.split("\n");
    for (const name of ["gcc", "git", "pkg-config", "python3", "python3-pip", "qemu-utils"]) {
      expect(needs).toContain(` ${name} `);
      expect(command).toContain(` ${name} `);
    }
    expect(needs).toMatch(/^corefly needs these Debian packages: /);
    expect(command).toMatch(/^Install them as root: apt-get update && apt-get install -y /);
    expect(needs).not.toContain("crun");
    expect((await check("test")).stderr).toContain(" crun ");
  });

  it("has nothing to say when nothing is missing", async () => {
    expect(await check("npm")).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  });

  it("installs as root, and says so when something is missing still", async () => {
    fakeApt("exit 0");
    const { exitCode, stdout, stderr } = await check("up");
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Installing what is missing: .*gcc.*\nInstalled in \d+ s\n$/);
    expect(stderr).toMatch(/^Still missing after the installation: .*gcc/);
    const [update, install] = readFileSync(join(folder, "asked"), "utf8").split("\n");
    expect(update).toBe("update -qq");
    expect(install).toMatch(/^install -y --no-install-recommends .*gcc/);
  });

  it("shows why apt-get could not", async () => {
    fakeApt('echo "E: Could not resolve" >&2; exit 100');
    const { exitCode, stderr } = await check("up");
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /^E: Could not resolve\nCannot install the packages, tried: apt-get update && apt-get install /,
    );
  });

  it("refuses another word", async () => {
    expect(await check("everything")).toMatchObject({
      exitCode: 2,
      stderr: "usage: prerequisites.sh npm|up|test\n",
    });
  });
});
