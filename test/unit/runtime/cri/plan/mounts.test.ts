// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { MountSchema } from "../../../../../runtime/cri/api-schema.ts";
import { appMounts, checkMount, checkPropagation } from "../../../../../runtime/cri/plan/mounts.ts";

const mount = (init: MessageInitShape<typeof MountSchema>) => create(MountSchema, init);
const pod = { resolvConf: "/p/resolv", hostname: "/p/name", hosts: "/p/hosts", shm: "/p/shm" };

describe("appMounts()", () => {
  it("gives every container the pod's files, below its own volumes", () => {
    const mounts = appMounts(
      [mount({ containerPath: "data/", hostPath: "/link", readonly: true, propagation: 1 })],
      ["/real"],
      pod,
      { readOnlyRootfs: true },
    );
    expect(
      mounts.map((each) => each.kind === "bind" && [each.source, each.target, each.readOnly]),
    ).toEqual([
      ["/p/name", "/etc/hostname", true],
      ["/p/hosts", "/etc/hosts", true],
      ["/p/resolv", "/etc/resolv.conf", true],
      ["/p/shm", "/dev/shm", false],
      ["/real", "/data", true],
    ]);
    expect(mounts.at(-1)).toMatchObject({ propagation: "rslave" });
  });

  it("leaves out what the kubelet mounts itself, and /dev/shm below a /dev of the host", () => {
    const mounts = appMounts(
      [
        mount({ containerPath: "/etc/hosts", hostPath: "/k" }),
        mount({ containerPath: "/dev", hostPath: "/dev" }),
      ],
      ["/k", "/dev"],
      pod,
      { readOnlyRootfs: false },
    );
    const targets = mounts.map(({ target }) => target);
    expect(targets.filter((target) => target === "/etc/hosts")).toHaveLength(1);
    expect(targets).not.toContain("/dev/shm");
  });
});

describe("checkMount()", () => {
  it.each([
    [{ hostPath: "/x" }, "container_path is empty"],
    [{ containerPath: "/a", hostPath: "relative" }, 'host path "relative" is not absolute'],
    [{ containerPath: "/a", image: { image: "i" } }, "image volumes must be read-only"],
    [{ containerPath: "/a", hostPath: "/x", recursiveReadOnly: true }, "needs readonly"],
    [
      {
        containerPath: "/a",
        hostPath: "/x",
        readonly: true,
        recursiveReadOnly: true,
        propagation: 2 as const,
      },
      "needs private propagation",
    ],
    [
      { containerPath: "/a", hostPath: "/x", uidMappings: [{ hostId: 1, length: 1 }] },
      "need user namespaces",
    ],
  ])("%j is refused: %s", (init, reason) => {
    expect(() => checkMount(mount(init))).toThrow(reason);
  });
});

describe("checkPropagation()", () => {
  const mountinfo = [
    "1 0 8:1 / / rw shared:1 - ext4 /dev/vda rw",
    "2 1 0:5 / /private rw - tmpfs x rw",
    "3 1 0:6 / /slave\\040dir rw master:1 - tmpfs x rw",
  ].join("\n");
  const wanted = (propagation: 1 | 2) =>
    mount({ containerPath: "/a", hostPath: "/h", propagation });

  it("takes what the host's mount allows", () => {
    expect(() => checkPropagation(wanted(2), "/srv", mountinfo)).not.toThrow();
    expect(() => checkPropagation(wanted(1), "/slave dir/x", mountinfo)).not.toThrow();
  });

  it("refuses what could never travel", () => {
    expect(() => checkPropagation(wanted(1), "/private/x", mountinfo)).toThrow("not on a shared");
    expect(() => checkPropagation(wanted(2), "/slave dir", mountinfo)).toThrow("not on a shared");
  });
});
