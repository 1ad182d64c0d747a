// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { commandLine, environment } from "../../../../../runtime/cri/plan/command.ts";

const image = { entrypoint: ["/entry"], cmd: ["default"] };

describe("commandLine()", () => {
  it.each([
    [[], [], ["/entry", "default"]],
    [[], ["arg"], ["/entry", "arg"]],
    [["cmd"], [], ["cmd"]],
    [["cmd"], ["arg"], ["cmd", "arg"]],
  ])("command %j and args %j make %j", (command, args, line) => {
    expect(commandLine({ command, args }, image)).toEqual(line);
  });

  it("refuses a container with nothing to run", () => {
    expect(() => commandLine({ command: [], args: [] }, { entrypoint: [], cmd: [] })).toThrow(
      "neither the pod nor the image names a command",
    );
  });
});

describe("environment()", () => {
  it("keeps the pod's order and lets it win over the image", () => {
    expect(
      environment(
        [
          { key: "B", value: Buffer.from("pod") },
          { key: "A", value: Buffer.from("ä") },
        ],
        [
          { name: "PATH", value: "/bin" },
          { name: "A", value: "image" },
        ],
      ),
    ).toEqual([
      { name: "PATH", value: "/bin" },
      { name: "B", value: "pod" },
      { name: "A", value: "ä" },
    ]);
  });
});
