// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { LinuxContainerSecurityContextSchema } from "../../../../../runtime/cri/api-schema.ts";
import { seccompFile, securityFields } from "../../../../../runtime/cri/plan/security.ts";
import { DEFAULT_MASKED_PATHS } from "../../../../../runtime/stage1/app-plan.ts";

const context = (init: MessageInitShape<typeof LinuxContainerSecurityContextSchema>) =>
  create(LinuxContainerSecurityContextSchema, init);
const fields = (init: MessageInitShape<typeof LinuxContainerSecurityContextSchema>) =>
  securityFields(context(init), 0, undefined);

describe("securityFields()", () => {
  it("without a context: our defaults", () => {
    expect(securityFields(undefined, 0, undefined)).toMatchObject({
      privileged: false,
      maskedPaths: DEFAULT_MASKED_PATHS,
      seccomp: { kind: "unconfined" },
      noNewPrivileges: false,
      readOnlyRootfs: false,
    });
  });

  it("an empty list of masked paths unmasks all (procMount: Unmasked)", () => {
    expect(fields({}).maskedPaths).toEqual([]);
    expect(fields({ maskedPaths: ["/proc/x"] }).maskedPaths).toEqual(["/proc/x"]);
  });

  it("no seccomp field means unconfined, an empty one the default profile", () => {
    expect(fields({}).seccomp).toEqual({ kind: "unconfined" });
    expect(fields({ seccomp: {} }).seccomp).toEqual({ kind: "runtime-default" });
    expect(fields({ seccomp: { profileType: 1 } }).seccomp).toEqual({ kind: "unconfined" });
  });

  it("privileged wins over everything that restricts", () => {
    const privileged = fields({
      privileged: true,
      maskedPaths: ["/proc/x"],
      seccomp: { profileType: 0 },
      apparmor: { profileType: 2, localhostRef: "localhost/p" },
    });
    expect(privileged).toMatchObject({
      privileged: true,
      maskedPaths: [],
      seccomp: { kind: "unconfined" },
      apparmorProfile: "",
    });
    expect(privileged.capabilities.bounding).toContain("CAP_SYS_ADMIN");
  });

  it("privileged needs no seccomp profile of the host's, which nobody reads then", () => {
    const wish = { profileType: 2, localhostRef: "/p.json" } as const;
    expect(seccompFile(context({ privileged: true, seccomp: wish }))).toBeUndefined();
    expect(fields({ privileged: true, seccomp: wish }).seccomp).toEqual({ kind: "unconfined" });
  });

  it("capabilities are added and dropped by either spelling", () => {
    const { capabilities } = fields({
      capabilities: { dropCapabilities: ["ALL"], addCapabilities: ["net_admin", "CAP_SYS_TIME"] },
    });
    expect(capabilities.bounding).toEqual(["CAP_NET_ADMIN", "CAP_SYS_TIME"]);
  });
});

describe("seccompFile()", () => {
  it("is the absolute path of a local profile", () => {
    expect(seccompFile(context({ seccomp: { profileType: 2, localhostRef: "/p.json" } }))).toBe(
      "/p.json",
    );
    expect(seccompFile(context({ seccomp: { profileType: 0 } }))).toBeUndefined();
    expect(() =>
      seccompFile(context({ seccomp: { profileType: 2, localhostRef: "p.json" } })),
    ).toThrow("expected an absolute path");
  });
});
