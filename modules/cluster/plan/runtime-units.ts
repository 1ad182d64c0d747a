// SPDX-License-Identifier: Apache-2.0
// The systemd units that install and run the container runtime, and those that use it on the node.

import type { AddonSet } from "./addons/addon-set.ts";
import { execLine, flyCommand } from "./kubelet.ts";

/** Where a version of the runtime lies on a node. */
export function runtimeFolder(version: string): string {
  return `/opt/corefly/${version}`;
}

/** `/opt/corefly/bin/corefly`: the command line as users call it. */
export function wrapper(version: string): string {
  const folder = runtimeFolder(version);
  return `#!/bin/sh
exec ${folder}/node --disable-warning=ExperimentalWarning ${folder}/corefly.mjs "$@"
`;
}

/** Unpacks what Ignition laid down; once, and again only if it did not end. A power cut must not leave a stamp without files. */
export function installUnit(version: string, archives: readonly string[]): string {
  const folder = runtimeFolder(version);
  return `[Unit]
Description=Install the corefly runtime
ConditionPathExists=!${folder}/.installed
DefaultDependencies=no
After=local-fs.target
Before=corefly-cri.service kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
${archives.map((archive) => `ExecStart=/bin/tar --extract --file=${archive} --directory=${folder} --no-same-owner`).join("\n")}
ExecStart=/bin/sync --file-system ${folder}
ExecStart=/bin/touch ${folder}/.installed
${archives.map((archive) => `ExecStart=/bin/rm --force ${archive}`).join("\n")}

[Install]
WantedBy=multi-user.target
`;
}

/** The CRI server. Killing it, or all of its cgroup, leaves every pod alone: monitors live elsewhere. */
export function criUnit(version: string): string {
  const folder = runtimeFolder(version);
  const command = [
    `${folder}/node`,
    "--max-semi-space-size=1",
    "--optimize-for-size",
    "--disable-warning=ExperimentalWarning",
    `${folder}/corefly.mjs`,
    "cri",
  ];
  return `[Unit]
Description=corefly CRI server
After=network.target corefly-install.service
Requires=corefly-install.service
StartLimitIntervalSec=0

[Service]
Environment=PATH=${folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
ExecStart=${execLine(command)}
Restart=always
RestartSec=1
KillMode=process
Delegate=yes
OOMScoreAdjust=-999
LimitNOFILE=1048576
TasksMax=infinity

[Install]
WantedBy=multi-user.target
`;
}

/** /var/lib/kubelet as a shared mount of its own: kubelet.ts says why. */
export const KUBELET_MOUNT_UNIT = `[Unit]
Description=Shared mount of the kubelet's volumes
DefaultDependencies=no
After=local-fs.target
Before=corefly-cri.service kubelet.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/mkdir -p /var/lib/kubelet/volumeplugins
ExecStart=/bin/mount --bind --make-shared /var/lib/kubelet /var/lib/kubelet

[Install]
WantedBy=multi-user.target
RequiredBy=kubelet.service corefly-cri.service
`;

/** Applies the addons with kubectl in fly mode, again and again until it works; then removes those that are gone. */
export function addonsUnit(image: string, addons: AddonSet): string {
  const kubectl = (...args: readonly string[]): string =>
    execLine([
      ...flyCommand(image, "/usr/bin/kubectl", [
        { name: "kubernetes", path: "/etc/kubernetes", readOnly: true, propagation: "slave" },
      ]),
      "--kubeconfig=/etc/kubernetes/addons.conf",
      ...args,
    ]);
  const apply = kubectl(
    "apply",
    "--server-side",
    "--force-conflicts",
    "--filename=/etc/kubernetes/addons",
  );
  const remove = kubectl(
    "delete",
    addons.outdatedKinds.join(","),
    "--all-namespaces",
    `--selector=${addons.outdatedSelector}`,
    "--ignore-not-found",
    "--wait=false",
  );
  return `[Unit]
Description=Apply the cluster's addons
After=kubelet.service
Wants=kubelet.service
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=/bin/bash -c 'until (exec 3<>/dev/tcp/127.0.0.1/6443) 2>/dev/null; do sleep 1; done'
ExecStart=${apply}
ExecStart=${remove}
Restart=on-failure
RestartSec=3
TimeoutStartSec=infinity

[Install]
WantedBy=multi-user.target
`;
}

export const GC_UNIT = `[Unit]
Description=Remove pods that are over
After=corefly-install.service
Requires=corefly-install.service

[Service]
Type=oneshot
ExecStart=/opt/corefly/bin/corefly gc
`;

export const GC_TIMER = `[Unit]
Description=Remove pods that are over, every half hour

[Timer]
OnBootSec=30min
OnUnitActiveSec=30min

[Install]
WantedBy=timers.target
`;

/** What {@link SUPPORT_UNIT} asks the node, in this order; the journal takes what is answered to the workstation. */
const QUESTIONS: readonly (readonly string[])[] = [
  // The second file names the runtime's version: asking the runtime takes an emulated machine seconds.
  ["/usr/bin/head", "--lines=2", "/etc/os-release", "/opt/corefly/bin/corefly"],
  ["/usr/bin/uname", "--kernel-release"],
  ["/opt/corefly/bin/corefly", "list"],
  ["/opt/corefly/bin/corefly", "image", "list"],
  ["/usr/bin/systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager"],
  ["/usr/bin/df", "--human-readable", "--local", "--exclude-type=overlay", "--exclude-type=tmpfs"],
  ["/usr/bin/head", "--lines=3", "/proc/meminfo"],
  [
    "/usr/bin/head",
    "/proc/loadavg",
    "/proc/pressure/cpu",
    "/proc/pressure/io",
    "/proc/pressure/memory",
  ],
];

/**
 * Journals how the node is, for those who cannot log in to it. A question without an answer does not keep the others. Nice,
 * but not idle: what it looks at has locks that the kubelet's pods wait for.
 */
export const SUPPORT_UNIT = `[Unit]
Description=Journal how the node is
After=corefly-install.service
Requires=corefly-install.service

[Service]
Type=oneshot
Nice=10
TimeoutStartSec=5min
${QUESTIONS.map((question) => `ExecStart=-${question.join(" ")}`).join("\n")}
`;

/** Not while the node starts: an emulated machine has nothing to spare then. */
export const SUPPORT_TIMER = `[Unit]
Description=Journal how the node is, every quarter of an hour

[Timer]
OnBootSec=10min
OnUnitInactiveSec=15min

[Install]
WantedBy=timers.target
`;
