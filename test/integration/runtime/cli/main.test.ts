// SPDX-License-Identifier: Apache-2.0
// The program as a whole: help, exit codes, errors.
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { VERBS } from "../../../../runtime/cli/verbs.ts";
import { corefly, coreflyArgv } from "../../../helpers/corefly.ts";

describe("corefly", () => {
  it("without a verb prints help and answers 2, with help or --help 0", () => {
    const help = corefly(["help"]);
    expect(help).toMatchObject({ status: 0, stderr: "" });
    expect(corefly([])).toMatchObject({ status: 2, stdout: help.stdout, stderr: "" });
    expect(corefly(["--help"])).toMatchObject({ status: 0, stdout: help.stdout, stderr: "" });
    for (const { name, summary } of VERBS) {
      expect(help.stdout).toContain(`  ${name} `);
      expect(help.stdout).toContain(summary);
    }
  });

  it.each(VERBS.map(({ name }) => [name]))(
    "%s --help says what it does, also the other way round",
    async (name) => {
      const entry = VERBS.find((each) => each.name === name);
      const verb = (await entry?.load())?.verb;
      expect(verb).toMatchObject({ name, summary: entry?.summary });
      const { status, stdout, stderr } = corefly([...name.split(" "), "--help"]);
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
      expect(stdout).toContain(
        `${verb?.summary}\n\nUsage: corefly ${name} ${verb?.usage}`.trimEnd(),
      );
      expect(corefly(["help", ...name.split(" ")]).stdout).toBe(stdout);
    },
  );

  it.each([
    [["nope"], 'corefly: Unknown verb "nope": see "corefly help"\n'],
    [["--nope"], 'corefly: Unknown flag "--nope"\n'],
    [["list", "--nope"], 'list: Unknown flag "--nope"\n'],
    [["list", "x"], 'list: Unexpected argument "x"\n'],
    [
      ["list", "--format=xml"],
      'list: Cannot use flag "--format": "xml" is neither json nor json-pretty\n',
    ],
    [["list", "--dir"], 'list: Cannot use flag "--dir": it needs a value\n'],
    [
      ["--insecure-options=al", "list"],
      expect.stringContaining('list: Unknown insecure option "al": want one of none,'),
    ],
  ])("%j is refused in one line with 254", (args, stderr) => {
    expect(corefly(args)).toMatchObject({ status: 254, stdout: "", stderr });
  });

  it("--debug shows the chain of causes", () => {
    const { stderr } = corefly(["--debug", "rm", "--uuid-file=/none"]);
    expect(stderr).toMatch(/^rm: Cannot read UUID file "\/none": ENOENT\n/);
  });

  it.each([["run"], ["stop"], ["rm"], ["gc"]])("%s refuses to run without root", (verb) => {
    // It may see this checkout, wherever that is, and is nobody otherwise.
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const sees = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
    const result = spawnSync(
      "setpriv",
      [...nobody, ...sees, process.execPath, ...coreflyArgv([verb, "x"])],
      { encoding: "utf8", env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" } },
    );
    expect(result).toMatchObject({
      status: 254,
      stderr: `${verb}: cannot run as unprivileged user\n`,
    });
  });

  it("a reader that goes away is no error", () => {
    const argv = coreflyArgv(["help"])
      .map((word) => `'${word}'`)
      .join(" ");
    const { stderr } = spawnSync("sh", ["-c", `'${process.execPath}' ${argv} | true`], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
  });
});
