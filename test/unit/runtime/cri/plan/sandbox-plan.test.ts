// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { PodSandboxConfigSchema } from "../../../../../runtime/cri/api-schema.ts";
import { planSandbox } from "../../../../../runtime/cri/plan/sandbox-plan.ts";

const metadata = { name: "a", namespace: "b", uid: "c", attempt: 0 };
const plan = (init: MessageInitShape<typeof PodSandboxConfigSchema>, handler = "") =>
  planSandbox(create(PodSandboxConfigSchema, init), handler, { hostname: "node" });
const options = (namespaceOptions: object) => ({ securityContext: { namespaceOptions } });

describe("planSandbox()", () => {
  it("plans a pod with everything of its own", () => {
    const planned = plan({
      metadata,
      hostname: "pod",
      portMappings: [
        { containerPort: 80 },
        { protocol: 1, containerPort: 53, hostPort: 5353, hostIp: "127.0.0.1" },
      ],
      linux: { cgroupParent: "/kubepods", ...options({ pid: 1 }) },
    });
    expect(planned).toMatchObject({
      hostNetwork: false,
      hostIpc: false,
      sharedPid: false,
      hostname: "pod",
      cgroupParent: "/kubepods",
      ports: [{ protocol: "udp", containerPort: 53, hostPort: 5353, hostIp: "127.0.0.1" }],
    });
  });

  it("plans a pod of the host's network: its name, no ports", () => {
    expect(
      plan({
        metadata,
        hostname: "pod",
        portMappings: [{ containerPort: 80, hostPort: 80 }],
        linux: options({ network: 2, ipc: 2, pid: 2 }),
      }),
    ).toMatchObject({ hostNetwork: true, hostIpc: true, hostname: "node", ports: [] });
  });

  it("shares the pid namespace unless the client says otherwise: the CRI's default", () => {
    expect(plan({ metadata, linux: options({ pid: 0 }) }).sharedPid).toBe(true);
    expect(plan({ metadata }).sharedPid).toBe(true);
    expect(plan({ metadata, linux: options({ pid: 1 }) }).sharedPid).toBe(false);
  });

  it("refuses what we do not have", () => {
    expect(() => plan({ metadata }, "kata")).toThrow('no runtime handler "kata"');
    expect(() => plan({})).toThrow("its metadata has no name or no uid");
    expect(() => plan({ metadata, hostname: "x".repeat(65) })).toThrow("longer than 64");
    expect(() => plan({ metadata, linux: options({ usernsOptions: { mode: 0 } }) })).toThrow(
      "user namespaces (hostUsers: false) are not supported",
    );
    expect(() =>
      plan({ metadata, portMappings: [{ containerPort: 80, hostPort: 70000 }] }),
    ).toThrow("Cannot forward port 70000");
  });
});
