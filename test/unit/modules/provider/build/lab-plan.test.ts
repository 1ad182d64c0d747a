// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { labRecipe } from "../../../../../modules/artifacts/lab/recipe.ts";
import {
  LAB_KERNEL,
  type LabCommand,
  planLabImage,
} from "../../../../../modules/provider/build/lab-plan.ts";

const place = {
  work: "/cache/work/lab",
  ignition: "/cache/ignition",
  sources: [{ uri: "http://mirror.test/debian", suite: "bookworm", component: "main" }],
  keyring: "/k.gpg",
};
const plan = planLabImage(labRecipe("amd64"), place);
const commands: readonly LabCommand[] = plan.phases
  .flatMap((phase) => phase.steps)
  .flatMap((step) => (step.kind === "run" ? [step.command] : []));

describe("planLabImage", () => {
  it("takes the base system from the workstation's mirror", () => {
    const [first] = commands;
    expect(first?.args.slice(-3)).toEqual([
      "bookworm",
      "/cache/work/lab/root",
      "http://mirror.test/debian",
    ]);
  });

  it("runs what mounts in namespaces that end with the builder", () => {
    const mounting = commands.filter(({ args }) =>
      args.some((arg) => ["debootstrap", "apt-get", "dracut"].includes(arg)),
    );
    expect(mounting.length).toBe(5);
    for (const { file, args } of mounting) {
      expect([file, ...args.slice(0, 6)]).toEqual([
        "setpriv",
        "--pdeathsig=KILL",
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
      ]);
    }
  });

  it("installs no recommended packages", () => {
    const installs = commands.filter(({ args }) => args.includes("install"));
    expect(installs.every(({ args }) => args.includes("--no-install-recommends"))).toBe(true);
  });

  it("makes the initramfs for the kernel that was installed", () => {
    const dracut = commands.find(({ args }) => args.includes("dracut") && args.includes("chroot"));
    expect(dracut?.args.at(-1)).toBe(LAB_KERNEL);
  });

  it("says where a release can come from if there is no source", () => {
    expect(() => planLabImage(labRecipe("amd64"), { ...place, sources: [] })).toThrow(
      "Cannot build the lab image: found no apt source for Debian bookworm on this machine, expected one in /etc/apt or a mirror in COREFLY_DEBIAN_MIRROR",
    );
  });
});
