// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";

const root = resolve(import.meta.dirname, "../../../..");
const cri = join(root, "runtime/cri");

describe("runtime/cri/gen", () => {
  it("is what the generator makes of api.proto", () => {
    const out = mkdtempSync(join(tmpdir(), "corefly-generate-"));
    try {
      const bin = join(root, "node_modules/.bin");
      execFileSync(
        join(bin, "buf"),
        ["generate", join(cri, "proto"), "--template", join(cri, "proto/buf.gen.yaml"), "-o", out],
        {
          cwd: root,
          env: {
            ...process.env,
            BUF_CACHE_DIR: join(out, "cache"),
            PATH: [bin, dirname(process.execPath), process.env["PATH"]].join(delimiter),
          },
        },
      );
      expect(readFileSync(join(out, "api_pb.ts"), "utf8")).toBe(
        readFileSync(join(cri, "gen/api_pb.ts"), "utf8"),
      );
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it("api.proto is the file that SOURCE names", () => {
    const source = readFileSync(join(cri, "proto/SOURCE"), "utf8");
    const digest = createHash("sha256")
      .update(readFileSync(join(cri, "proto/api.proto")))
      .digest("hex");
    expect(source).toBe(`k8s.io/cri-api v0.37.2 pkg/apis/runtime/v1/api.proto sha256:${digest}\n`);
  });
});
