// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { ContainerConfigSchema } from "../../../../../runtime/cri/api-schema.ts";
import {
  type ContainerPlanInput,
  planContainer,
} from "../../../../../runtime/cri/plan/container-plan.ts";
import { EMPTY_APP } from "../../../../../runtime/image/image-app.ts";
import type { AppPlan } from "../../../../../runtime/stage1/app-plan.ts";

const GRACE = "io.kubernetes.pod.terminationGracePeriod";

function planWith(annotations: Record<string, string>): AppPlan {
  const sandbox = { uuid: "u", id: "s1", hostname: "pod", cgroupParent: "", init: undefined };
  const input = {
    id: "c1",
    config: create(ContainerConfigSchema, { metadata: { name: "web" }, annotations }),
    resources: undefined,
    sandbox: { ...sandbox, netnsPath: "", ipcnsPath: "", utsnsPath: "" },
    image: { ...EMPTY_APP, entrypoint: ["/web"] },
    rootfs: "/rootfs",
    user: { uid: 0, gid: 0, supplementaryGids: [] },
    podFiles: {},
    mountSources: [],
    devices: [],
    seccompProfile: undefined,
    target: undefined,
  };
  return planContainer(input as unknown as ContainerPlanInput);
}

describe("planContainer()", () => {
  it("hands no annotation of the client's to crun, which would act on some", () => {
    const { annotations } = planWith({
      "run.oci.hooks.stderr": "/etc/passwd",
      "org.systemd.property.CollectMode": "'inactive'",
      note: "a",
    });
    expect(annotations).toEqual({
      "io.kubernetes.cri.container-type": "container",
      "io.kubernetes.cri.sandbox-id": "s1",
    });
  });

  it.each([
    ["30", 30],
    ["0", 1],
    ["3600", 90],
    ["-5", undefined],
    ["1e3", undefined],
    ["9".repeat(30), undefined],
  ])("takes the pod's grace period of %s s as the kubelet notes it", (note, seconds) => {
    expect(planWith({ [GRACE]: note }).stopGraceSeconds).toBe(seconds);
    expect(planWith({}).stopGraceSeconds).toBeUndefined();
  });
});
