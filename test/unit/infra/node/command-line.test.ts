// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { HELP, parseCommandLine } from "../../../../infra/node/plan/command-line.ts";

const NOW = Date.parse("2026-11-25T14:30:00Z");
const parse = (line: string) => parseCommandLine(line === "" ? [] : line.split(" "), NOW);

describe("parseCommandLine()", () => {
  it("takes the flags of journalctl and the short names of units", () => {
    expect(parse("logs lab-controller-0 -f -u kubelet -u dbus.socket -n 20 --stack two")).toEqual({
      kind: "logs",
      node: "lab-controller-0",
      stack: "two",
      projectDir: ".",
      follow: true,
      units: ["kubelet.service", "dbus.socket"],
      sinceMs: undefined,
      lastLines: 20,
      allStarts: false,
    });
  });

  it("needs no node's name", () => {
    expect(parse("console")).toEqual({
      kind: "console",
      node: undefined,
      stack: "dev",
      projectDir: ".",
      follow: true,
      lastLines: undefined,
    });
    expect(parse("support --output x.tar.gz -C ..")).toMatchObject({
      kind: "support",
      output: "x.tar.gz",
      projectDir: "..",
    });
  });

  it.each([
    ["10min", "2026-11-25T14:20:00Z"],
    ["-2h", "2026-11-25T12:30:00Z"],
    ["14:05", "2026-11-25T14:05:00Z"],
    ["2026-11-24", "2026-11-24T00:00:00Z"],
    ["2026-11-24T09:08:07", "2026-11-24T09:08:07Z"],
    ["2026-11-24T09:08:07Z", "2026-11-24T09:08:07Z"],
  ])("understands --since %s", (since, expected) => {
    const command = parseCommandLine(["logs", `--since=${since}`], NOW);
    expect(command).toMatchObject({ sinceMs: Date.parse(expected) });
  });

  it.each([
    ["", "Found no command, expected logs, console or support (--help says more)"],
    ["lags", 'Found command "lags", expected logs, console or support (--help says more)'],
    ["logs a b", 'Cannot take "b": expected one node'],
    ["logs -n many", 'Cannot use --lines "many": expected a whole number'],
    [
      "logs --since noon",
      'Cannot use --since "noon": expected a time as "2026-11-25 14:00", 14:00, 10min or 2h',
    ],
    [
      "logs --stack ../x",
      'Cannot use stack "../x": expected letters, digits, dots, dashes and underscores',
    ],
    [
      "logs --stack ..",
      'Cannot use stack "..": expected letters, digits, dots, dashes and underscores',
    ],
  ])("says in one line what is wrong with %p", (line, message) => {
    expect(() => parse(line)).toThrow(new Error(message));
  });

  it("says in one line that there is no such option", () => {
    expect(() => parse("logs --colour")).toThrow(
      /^[^\n]*'--colour'[^\n]*--help says what there is/,
    );
  });

  it("has a help text that names every option", () => {
    expect(parse("--help")).toEqual({ kind: "help" });
    expect(parse("logs -h")).toEqual({ kind: "help" });
    for (const option of ["follow", "unit", "since", "lines", "all", "no-follow", "output"]) {
      expect(HELP).toContain(`--${option}`);
    }
  });
});
