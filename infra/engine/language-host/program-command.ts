// SPDX-License-Identifier: Apache-2.0
// What the engine's request to run a program becomes on the command line: the contract of @pulumi/pulumi/cmd/run.

import type languagePb from "@pulumi/pulumi/proto/language_pb.js";

export interface ProgramCommand {
  readonly args: readonly string[];
  /** In addition to our own environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Arguments for Node, environment and folder of one run. `sdkRun` is the path of cmd/run. */
export function programCommand(
  request: languagePb.RunRequest,
  engineAddress: string,
  sdkRun: string,
): ProgramCommand {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() ?? request.getPwd();
  const options: Readonly<Record<string, unknown>> = info?.getOptions()?.toJavaScript() ?? {};
  const { nodeargs, tsconfig } = options;
  const organization = request.getOrganization();
  return {
    cwd: request.getPwd() || directory,
    args: [
      ...(typeof nodeargs === "string" ? nodeargs.split(/\s+/).filter(Boolean) : []),
      // Running .ts as it is warns on Node 22; users have chosen it.
      "--disable-warning=ExperimentalWarning",
      sdkRun,
      "--monitor",
      request.getMonitorAddress(),
      "--engine",
      engineAddress,
      ...(organization ? ["--organization", organization] : []),
      "--project",
      request.getProject(),
      "--stack",
      request.getStack(),
      "--root-directory",
      info?.getRootDirectory() ?? directory,
      "--pwd",
      request.getPwd() || directory,
      "--parallel",
      String(request.getParallel()),
      ...(request.getDryrun() ? ["--dry-run"] : []),
      info?.getEntryPoint() ?? request.getProgram(),
      ...request.getArgsList(),
    ],
    env: {
      PULUMI_CONFIG: JSON.stringify(configOf(request)),
      PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      ...(options["typescript"] === false ? {} : { PULUMI_NODEJS_TYPESCRIPT: "true" }),
      ...(typeof tsconfig === "string" ? { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig } : {}),
    },
  };
}

function configOf(request: languagePb.RunRequest): Record<string, string> {
  const entries: [string, string][] = [];
  request.getConfigMap().forEach((value, key) => {
    entries.push([key, value]);
  });
  return Object.fromEntries(entries);
}
