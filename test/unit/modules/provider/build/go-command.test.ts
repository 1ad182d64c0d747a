// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { GoRecipe } from "../../../../../modules/artifacts/artifact.ts";
import { artifacts } from "../../../../../modules/artifacts/table.ts";
import {
  buildArguments,
  goEnvironment,
  linkerFlags,
  listArguments,
  networkSettings,
  testArguments,
} from "../../../../../modules/provider/build/go-command.ts";

const recipe: GoRecipe = {
  kind: "go",
  folder: "demo",
  packages: { demo: "example.com/demo/cmd" },
  variables: ["example.com/demo/version.Version=v1.2.3"],
  cgo: false,
};

const folders = { root: "/cache/toolchain/go", cache: "/cache/go" };

describe("buildArguments()", () => {
  it("builds the same bytes everywhere: no paths, no repository, no symbols", () => {
    expect(buildArguments(recipe, "example.com/demo/cmd", "/work/demo")).toEqual([
      "build",
      "-v",
      "-trimpath",
      "-buildvcs=false",
      "-mod=readonly",
      "-ldflags",
      "-s -w -X example.com/demo/version.Version=v1.2.3",
      "-o",
      "/work/demo",
      "example.com/demo/cmd",
    ]);
  });
});

describe("testArguments()", () => {
  it("compiles a program that is written as a test, with the same flags", () => {
    expect(testArguments(recipe, "example.com/demo/cmd", "/work/demo")).toEqual([
      "test",
      "-c",
      "-trimpath",
      "-buildvcs=false",
      "-mod=readonly",
      "-ldflags",
      "-s -w -X example.com/demo/version.Version=v1.2.3",
      "-o",
      "/work/demo",
      "example.com/demo/cmd",
    ]);
  });
});

describe("linkerFlags()", () => {
  it("gives Kubernetes its version, in what it says and in what it calls itself", () => {
    const row = artifacts.kubernetes;
    const flags = row.recipe.kind === "go" ? linkerFlags(row.recipe) : "";
    expect(flags).toContain(`-X k8s.io/component-base/version.gitVersion=${row.version}`);
    expect(flags).toContain(`-X k8s.io/client-go/pkg/version.gitVersion=${row.version}`);
    expect(flags).toContain("-X k8s.io/component-base/version.gitMinor=37");
  });
});

describe("listArguments()", () => {
  it("asks for the packages and all below them", () => {
    expect(listArguments(["a", "b"], { tests: false })).toEqual([
      "list",
      "-mod=readonly",
      "-deps",
      "a",
      "b",
    ]);
  });

  it("asks also for what the tests of programs written as tests need", () => {
    expect(listArguments(["a"], { tests: true })).toContain("-test");
  });
});

describe("goEnvironment()", () => {
  const user = {
    HOME: "/home/me",
    PATH: "/usr/bin",
    HTTPS_PROXY: "http://proxy",
    GOFLAGS: "-race",
    GOEXPERIMENT: "boringcrypto",
    GOAMD64: "v3",
    GOOS: "plan9",
    GOROOT: "/usr/lib/go",
    CGO_CFLAGS: "-O3",
    CC: "clang",
    UNSET: undefined,
  };

  it("keeps nothing of the user's that changes the result", () => {
    const environment = goEnvironment({ architecture: "amd64", cgo: false }, folders, user, {});
    expect(environment).toEqual({
      HOME: "/home/me",
      HTTPS_PROXY: "http://proxy",
      PATH: "/cache/toolchain/go/bin:/usr/bin",
      CGO_ENABLED: "0",
      GOAMD64: "v1",
      GOARCH: "amd64",
      GOCACHE: "/cache/go/build",
      GOENV: "off",
      GOFIPS140: "off",
      GOMODCACHE: "/cache/go/mod",
      GOOS: "linux",
      GOPATH: "/cache/go/path",
      GOROOT: "/cache/toolchain/go",
      GOTOOLCHAIN: "local",
      GOWORK: "off",
    });
  });

  it("keeps what says where modules come from", () => {
    const network = networkSettings('{"GOPROXY":"http://mirror","GOSUMDB":"","GOFLAGS":"-race"}');
    expect(network).toEqual({ GOPROXY: "http://mirror" });
    const environment = goEnvironment({ architecture: "arm64", cgo: true }, folders, {}, network);
    expect(environment).toMatchObject({
      GOPROXY: "http://mirror",
      GOARCH: "arm64",
      GOARM64: "v8.0",
      CGO_ENABLED: "1",
      PATH: "/cache/toolchain/go/bin:/usr/bin:/bin",
    });
    expect(environment).not.toHaveProperty("GOAMD64");
  });
});
