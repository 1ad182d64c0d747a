// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { packageFolders } from "../../../../../modules/provider/build/build-bundle.ts";

describe("packageFolders()", () => {
  it("finds the packages of files, with scopes and nested ones, each once", () => {
    const inputs = [
      "runtime/cli/main.ts",
      "node_modules/@grpc/grpc-js/build/src/index.js",
      "node_modules/@grpc/grpc-js/build/src/call.js",
      "node_modules/a/node_modules/b/index.js",
      "node_modules/yaml/dist/index.js",
    ];
    expect(packageFolders(inputs)).toEqual([
      "node_modules/@grpc/grpc-js",
      "node_modules/a/node_modules/b",
      "node_modules/yaml",
    ]);
  });
});
