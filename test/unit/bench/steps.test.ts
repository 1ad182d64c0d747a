// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { lineLog } from "../../../runtime/cri/log.ts";
import { Steps } from "../../../runtime/cri/steps.ts";
import { recordingSystem } from "../../../runtime/system/fake/recording-system.ts";
import { stepsOf } from "../../bench/steps.ts";

describe("Steps", () => {
  it("writes how long each step took, those of one name together, as the bench reads it", () => {
    const lines: string[] = [];
    const system = recordingSystem();
    const log = lineLog({ level: "debug", journal: false, write: (line) => lines.push(line) });
    for (const ms of [10, 30]) {
      const steps = new Steps({ system, log });
      system.advance(ms);
      steps.done("record");
      system.advance(2);
      steps.done("create");
      system.advance(0.25);
      steps.done("record");
      steps.report("StartContainer");
    }
    expect(lines).toEqual([
      "debug: Took rpc=StartContainer record=10.3 create=2.0\n",
      "debug: Took rpc=StartContainer record=30.3 create=2.0\n",
    ]);
    expect(stepsOf(`debug: Answered rpc=Version ms=0\n${lines.join("")}`)).toEqual([
      { rpc: "StartContainer", medians: { record: 20.3, create: 2 } },
    ]);
  });
});
