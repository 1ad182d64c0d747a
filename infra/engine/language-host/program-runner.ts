// SPDX-License-Identifier: Apache-2.0
// Runs Pulumi programs: the SDK's own `cmd/run` of the program's node_modules, on the Node that runs this.

import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import { type ProgramCommand, programCommand } from "./program-command.ts";

/** The SDK ends a program with this status when it has told the user everything already. */
const LOGGED_ERRORS_EXIT_CODE = 32;

/** The programs of one language host. */
export class ProgramRunner {
  engineAddress: string;
  readonly #running = new Set<ChildProcess>();

  constructor(engineAddress: string) {
    this.engineAddress = engineAddress;
  }

  /** Runs the program to its end. Its output goes to ours, which the engine shows. */
  async run(request: languagePb.RunRequest): Promise<languagePb.RunResponse> {
    const response = new languagePb.RunResponse();
    const command = programCommand(request, this.engineAddress, findSdk(request));
    const { code, signal } = await this.#spawn(command);
    if (code === LOGGED_ERRORS_EXIT_CODE) response.setBail(true);
    else if (signal !== null) response.setError(`Program was ended by ${signal}`);
    else if (code !== 0) response.setError(`Program ended with status ${code}`);
    return response;
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#running) child.kill(signal);
  }

  #spawn({ args, env, cwd }: ProgramCommand): Promise<Ending> {
    return new Promise((done, fail) => {
      const child = spawn(process.execPath, args, {
        cwd,
        env: { ...process.env, ...env },
        stdio: ["ignore", "inherit", "inherit"],
      });
      this.#running.add(child);
      child.on("error", fail);
      child.on("exit", (code, signal) => {
        this.#running.delete(child);
        done({ code, signal });
      });
    });
  }
}

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function findSdk(request: languagePb.RunRequest): string {
  const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
  try {
    return createRequire(join(directory, "index.js")).resolve("@pulumi/pulumi/cmd/run");
  } catch (cause) {
    throw new Error(
      `Cannot run program in "${directory}": found no package @pulumi/pulumi, expected it installed (npm install)`,
      { cause },
    );
  }
}
