// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { programCommand } from "../../../../../infra/engine/language-host/program-command.ts";

function runRequest(options: Parameters<typeof structPb.Struct.fromJavaScript>[0]) {
  const info = new languagePb.ProgramInfo();
  info.setRootDirectory("/project");
  info.setProgramDirectory("/project/infra");
  info.setEntryPoint("index.ts");
  info.setOptions(structPb.Struct.fromJavaScript(options));
  const request = new languagePb.RunRequest();
  request.setInfo(info);
  request.setPwd("/project/infra");
  request.setProject("demo");
  request.setStack("dev");
  request.setMonitorAddress("127.0.0.1:1");
  request.setParallel(8);
  request.getConfigMap().set("demo:size", "3");
  request.setConfigsecretkeysList(["demo:key"]);
  return request;
}

describe("programCommand()", () => {
  it("is what the SDK's cmd/run wants", () => {
    const request = runRequest({ typescript: false });
    request.setDryrun(true);
    request.setOrganization("organization");
    request.setArgsList(["extra"]);
    expect(programCommand(request, "127.0.0.1:2", "/sdk/run")).toEqual({
      cwd: "/project/infra",
      args: [
        "--disable-warning=ExperimentalWarning",
        "/sdk/run",
        ...["--monitor", "127.0.0.1:1", "--engine", "127.0.0.1:2"],
        ...["--organization", "organization", "--project", "demo", "--stack", "dev"],
        ...["--root-directory", "/project", "--pwd", "/project/infra", "--parallel", "8"],
        ...["--dry-run", "index.ts", "extra"],
      ],
      env: {
        PULUMI_CONFIG: '{"demo:size":"3"}',
        PULUMI_CONFIG_SECRET_KEYS: '["demo:key"]',
      },
    });
  });

  it("passes on the runtime's options", () => {
    const request = runRequest({ nodeargs: "--import tsx", tsconfig: "t.json" });
    const { args, env } = programCommand(request, "e", "/sdk/run");
    expect(args.slice(0, 2)).toEqual(["--import", "tsx"]);
    expect(args).not.toContain("--dry-run");
    expect(env).toMatchObject({
      PULUMI_NODEJS_TYPESCRIPT: "true",
      PULUMI_NODEJS_TSCONFIG_PATH: "t.json",
    });
  });
});
