// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { bashScript } from "../../../../runtime/cli/completion.ts";

const script = bashScript([
  { name: "run", flags: [{ name: "net", kind: "optional", help: "" }] },
  { name: "rm", flags: [] },
  { name: "image list", flags: [{ name: "full", kind: "boolean", help: "" }] },
  { name: "image rm", flags: [] },
]);

const complete = (...words: string[]) =>
  execFileSync(
    "bash",
    [
      "-c",
      `${script}
       compopt() { :; }
       cd /proc/self/fdinfo; COMP_WORDS=(corefly "$@"); COMP_CWORD=$#; _corefly; printf '%s\\n' "\${COMPREPLY[@]}"`,
      "bash",
      ...words,
    ],
    { encoding: "utf8" },
  )
    .trim()
    .split("\n")
    .sort();

describe("bashScript()", () => {
  it("completes verbs, verbs of groups, and flags of the verb", () => {
    expect(complete("r")).toEqual(["rm", "run"]);
    expect(complete("image", "l")).toEqual(["list"]);
    expect(complete("image", "list", "--f")).toEqual(["--full"]);
    expect(complete("run", "--ex")).toEqual(["--exec="]);
    expect(complete("run", "--ne")).toEqual(["--net"]);
    expect(complete("--di")).toEqual(["--dir="]);
  });
});
