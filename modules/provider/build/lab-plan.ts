// SPDX-License-Identifier: Apache-2.0
// The steps of building a lab image, as data. Everything that mounts runs in a mount and process namespace of its own:
// an interrupted build leaves no mount and no process behind.

import type { LabFile } from "../../artifacts/lab/files.ts";
import { EXCLUDED_PATHS, type LabRecipe } from "../../artifacts/lab/recipe.ts";
import { ArtifactError } from "./artifact-error.ts";
import { type AptSource, baseMirror, sourcesList } from "./lab-sources.ts";

/** A program with its arguments; the environment is all that it gets. */
export interface LabCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What ends it early; SIGINT unless it ignores that. */
  readonly interrupt?: NodeJS.Signals;
}

/** One thing to do. Paths are on the workstation. */
export type LabStep =
  | { readonly kind: "run"; readonly command: LabCommand }
  | { readonly kind: "write"; readonly root: string; readonly files: readonly LabFile[] }
  | { readonly kind: "copy"; readonly from: string; readonly to: string; readonly mode: string }
  | { readonly kind: "move"; readonly from: string; readonly to: string }
  | { readonly kind: "replace"; readonly path: string; readonly from: string; readonly to: string }
  | { readonly kind: "empty"; readonly root: string; readonly paths: readonly string[] }
  | { readonly kind: "remove"; readonly root: string; readonly paths: readonly string[] }
  | { readonly kind: "unlink-units"; readonly root: string; readonly units: readonly string[] };

/** Steps under a name that users see. */
export interface LabPhase {
  readonly title: string;
  readonly steps: readonly LabStep[];
}

export interface LabPlace {
  /** An empty folder for this build. */
  readonly work: string;
  /** The Ignition program for the initramfs. */
  readonly ignition: string;
  readonly sources: readonly AptSource[];
  /** Debian's archive keys on the workstation. */
  readonly keyring: string;
}

export interface LabPlan {
  readonly phases: readonly LabPhase[];
  /** Folder of the root filesystem; the kernel is in its /boot, named after its version. */
  readonly root: string;
  readonly initrd: string;
  readonly rootImage: string;
}

/** Stands in an argument for the version of the kernel that was installed. */
export const LAB_KERNEL = "@kernel@";

const ENV = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C.UTF-8",
  DEBIAN_FRONTEND: "noninteractive",
  // The image is thrown away if the machine loses power while it is made.
  DPKG_FORCE: "unsafe-io",
  // The kernel package would make an initramfs of its own.
  INITRD: "No",
};

/** All steps for `recipe`. Throws if no source has its release. */
export function planLabImage(recipe: LabRecipe, place: LabPlace): LabPlan {
  const root = `${place.work}/root`;
  const raw = `${place.work}/root.raw`;
  const rootImage = `${place.work}/root.qcow2`;
  const mirror = baseMirror(place.sources, recipe.release);
  if (mirror === undefined) {
    throw new ArtifactError(
      `Cannot build the lab image: found no apt source for Debian ${recipe.release} on this machine, expected one in /etc/apt or a mirror in COREFLY_DEBIAN_MIRROR`,
    );
  }
  return {
    root,
    rootImage,
    initrd: `${place.work}/initrd`,
    phases: [
      { title: "Debian base system", steps: baseSteps(recipe, place, root, mirror) },
      { title: "packages", steps: packageSteps(recipe, root) },
      { title: "initramfs with Ignition", steps: initramfsSteps(recipe, place, root) },
      {
        title: "root filesystem",
        steps: [...rootSteps(recipe, root), ...imageSteps(recipe, root, raw, rootImage)],
      },
    ],
  };
}

function baseSteps(
  recipe: LabRecipe,
  place: LabPlace,
  root: string,
  mirror: string,
): readonly LabStep[] {
  const exclude = EXCLUDED_PATHS.map((path) => `path-exclude=${path}\n`).join("");
  return [
    run(
      isolated([
        "debootstrap",
        "--variant=minbase",
        `--arch=${recipe.architecture}`,
        `--keyring=${place.keyring}`,
        recipe.release,
        root,
        mirror,
      ]),
    ),
    {
      kind: "write",
      root,
      files: [
        { path: "/etc/dpkg/dpkg.cfg.d/50-lab", content: exclude },
        { path: "/usr/sbin/policy-rc.d", content: "#!/bin/sh\nexit 101\n", mode: "0755" },
        { path: "/sources.list", content: sourcesList(place.sources, place.keyring) },
      ],
    },
  ];
}

// The workstation's apt does the work, so its proxies and certificates count; dpkg runs inside the image.
function packageSteps(recipe: LabRecipe, root: string): readonly LabStep[] {
  const apt = (...args: readonly string[]) =>
    run(
      isolated(
        [
          "apt-get",
          ...Object.entries({
            "Dir::Etc::sourcelist": `${root}/sources.list`,
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::State": `${root}/var/lib/apt`,
            "Dir::State::status": `${root}/var/lib/dpkg/status`,
            "Dir::Cache": `${root}/var/cache/apt`,
            "DPkg::Chroot-Directory": root,
            "DPkg::Use-Pty": "false",
            "APT::Architecture": recipe.architecture,
            "APT::Architectures": recipe.architecture,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
          }).flatMap(([name, value]) => ["-o", `${name}=${value}`]),
          ...args,
        ],
        `${root}/proc`,
        // dpkg finds what apt hands it only below its own root.
        { TMPDIR: `${root}/tmp` },
      ),
    );
  return [
    apt("update"),
    apt("--yes", "--no-install-recommends", "dist-upgrade"),
    apt("--yes", "--no-install-recommends", "install", ...recipe.packages),
    { kind: "remove", root, paths: ["/sources.list"] },
  ];
}

function initramfsSteps(recipe: LabRecipe, place: LabPlace, root: string): readonly LabStep[] {
  const module = `${root}/usr/lib/dracut/modules.d/30ignition`;
  const { add, omit, drivers } = recipe.dracut;
  const inside = (file: string, ...args: readonly string[]) =>
    run(isolated(["chroot", root, file, ...args], `${root}/proc`));
  return [
    { kind: "copy", from: place.ignition, to: `${module}/ignition`, mode: "0755" },
    // curl, which Ignition does not use.
    { kind: "replace", path: `${module}/module-setup.sh`, from: " url-lib ", to: " " },
    { kind: "write", root, files: recipe.initramfsFiles },
    inside(
      "dracut",
      "--force",
      "--no-hostonly",
      "--no-hostonly-cmdline",
      "--reproducible",
      // Unpacking costs an emulated machine more than the bytes cost QEMU.
      "--no-compress",
      "--add",
      add.join(" "),
      "--omit",
      omit.join(" "),
      "--add-drivers",
      drivers.join(" "),
      "/boot/initrd.img",
      LAB_KERNEL,
    ),
    { kind: "move", from: `${root}/boot/initrd.img`, to: `${place.work}/initrd` },
  ];
}

function rootSteps(recipe: LabRecipe, root: string): readonly LabStep[] {
  return [
    run({ file: "chroot", args: [root, "passwd", "--lock", "root"], env: ENV }),
    { kind: "empty", root, paths: recipe.emptied },
    { kind: "remove", root, paths: recipe.removed },
    { kind: "unlink-units", root, units: recipe.disabledUnits },
    { kind: "write", root, files: recipe.files },
  ];
}

function imageSteps(
  recipe: LabRecipe,
  root: string,
  raw: string,
  rootImage: string,
): readonly LabStep[] {
  return [
    run({
      file: "mkfs.ext4",
      args: [
        "-q",
        "-F",
        "-L",
        recipe.rootLabel,
        "-E",
        "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
        "-d",
        root,
        raw,
        `${recipe.rootSizeGiB}G`,
      ],
      env: ENV,
    }),
    run({
      file: "qemu-img",
      args: ["convert", "-f", "raw", "-O", "qcow2", raw, rootImage],
      env: ENV,
    }),
  ];
}

function run(command: LabCommand): LabStep {
  return { kind: "run", command };
}

/** In namespaces of its own, with a /proc of it at `proc`; ends when the builder ends. */
function isolated(
  command: readonly string[],
  proc?: string,
  env: Readonly<Record<string, string>> = {},
): LabCommand {
  return {
    file: "setpriv",
    args: [
      "--pdeathsig=KILL",
      "unshare",
      "--mount",
      "--pid",
      "--fork",
      "--kill-child",
      "--propagation=private",
      proc === undefined ? "--mount-proc" : `--mount-proc=${proc}`,
      "--",
      ...command,
    ],
    env: { ...ENV, ...env },
    // unshare(1) ignores SIGINT while its child runs; its namespace ends with it.
    interrupt: "SIGKILL",
  };
}
