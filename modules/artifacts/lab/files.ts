// SPDX-License-Identifier: Apache-2.0
// Files of the lab image. Those of the initramfs make Ignition run once per root filesystem: QEMU boots the kernel
// directly, so the command line says `ignition.firstboot` at each boot, a reboot inside the guest included.

/** A text file or a symbolic link. */
export interface LabFile {
  readonly path: string;
  readonly content?: string;
  readonly target?: string;
  /** Octal, "0644" unless given. */
  readonly mode?: string;
}

const MODULE = "/usr/lib/dracut/modules.d/31corefly-lab";

/** Exists on a root filesystem that Ignition has configured to the end. */
export const CONFIGURED_STAMP = "/var/lib/corefly-lab/configured";

/** Begins the console's lines that say why a machine does not come up. */
export const LAB_REPORT_PREFIX = "corefly-lab:";

/** The dracut module that the initramfs gets besides Ignition's. */
export function dracutModule(rootLabel: string): readonly LabFile[] {
  const stages = ["fetch-offline", "fetch", "kargs", "disks", "mount", "files"];
  return [
    { path: `${MODULE}/module-setup.sh`, mode: "0755", content: moduleSetup(stages) },
    { path: `${MODULE}/first-boot.sh`, mode: "0755", content: firstBootScript(rootLabel) },
    { path: `${MODULE}/report.sh`, mode: "0755", content: REPORT_SCRIPT },
    { path: `${MODULE}/lab-first-boot.service`, content: firstBootUnit(rootLabel, stages) },
    { path: `${MODULE}/lab-stamp.service`, content: STAMP_UNIT },
    { path: `${MODULE}/once.conf`, content: ONCE },
    { path: `${MODULE}/report.conf`, content: REPORT },
  ];
}

/** Files of the root filesystem. */
export function guestFiles(rootLabel: string): readonly LabFile[] {
  return [
    { path: "/etc/fstab", content: `LABEL=${rootLabel} / ext4 defaults 0 1\n` },
    // The DNS forwarder of QEMU's user network. Pods get the same file, so no stub on the loopback.
    { path: "/etc/resolv.conf", content: "nameserver 10.0.2.3\n" },
    { path: "/etc/hosts", content: "127.0.0.1 localhost\n::1 localhost ip6-localhost\n" },
    { path: "/etc/systemd/network/20-lab.network", content: NETWORK },
    // It would ask for a locale and a root password on the console.
    { path: "/etc/systemd/system/systemd-firstboot.service", target: "/dev/null" },
    // Nobody can log in: the root password is locked.
    { path: "/etc/systemd/system/serial-getty@.service", target: "/dev/null" },
    // The initramfs has made units from the command line; a second time it fails on those that are there.
    { path: "/etc/systemd/system/systemd-network-generator.service", target: "/dev/null" },
    { path: "/etc/systemd/journald.conf.d/lab.conf", content: JOURNALD },
    // Debian's default is to enable whatever a package brings.
    { path: "/usr/lib/systemd/system-preset/99-lab.preset", content: "disable *\n" },
  ];
}

function moduleSetup(stages: readonly string[]): string {
  return `#!/bin/bash
check() { return 255; }
depends() { echo ignition; }
install() {
    local unit
    inst_multiple cat grep journalctl mkdir mount sed sync touch umount
    inst_simple "$moddir/first-boot.sh" /usr/bin/lab-first-boot
    inst_simple "$moddir/report.sh" /usr/bin/lab-report
    inst_simple "$moddir/lab-first-boot.service" "$systemdsystemunitdir/lab-first-boot.service"
    inst_simple "$moddir/lab-stamp.service" "$systemdsystemunitdir/lab-stamp.service"
    inst_simple "$moddir/report.conf" "$systemdsystemunitdir/emergency.service.d/report.conf"
    for unit in ${stages.join(" ")}; do
        inst_simple "$moddir/once.conf" "$systemdsystemunitdir/ignition-$unit.service.d/once.conf"
    done
    mkdir -p "$initdir/$systemdsystemunitdir/initrd.target.wants"
    for unit in lab-first-boot lab-stamp; do
        ln_r "$systemdsystemunitdir/$unit.service" "$systemdsystemunitdir/initrd.target.wants/$unit.service"
    done
}
`;
}

// Mounting read-only replays the journal, so the stamp is seen after a power cut too.
function firstBootScript(rootLabel: string): string {
  return `#!/bin/sh
set -e
root=/run/corefly-lab/root
mkdir -p $root
mount -o ro /dev/disk/by-label/${rootLabel} $root
if [ -e $root${CONFIGURED_STAMP} ]; then
    touch /run/corefly-lab/configured
fi
umount $root
`;
}

// Ignition's stages log to the journal only, or to the journal with the level as a text.
const REPORT_SCRIPT = `#!/bin/sh
{
    echo
    journalctl --boot --no-pager --output=cat --identifier=ignition |
        grep -E 'CRITICAL|ERROR|failed|POST message' | grep -v 'GET error' | sed 's/^/${LAB_REPORT_PREFIX} /'
    journalctl --boot --no-pager --output=cat _PID=1 |
        grep -E '^(Failed to start|Timed out|Dependency failed)' | sed 's/^/${LAB_REPORT_PREFIX} /'
    echo '${LAB_REPORT_PREFIX} the machine stops in emergency mode'
} > /dev/console
`;

const REPORT = `[Service]
ExecStartPre=-/usr/bin/lab-report
`;

function firstBootUnit(rootLabel: string, stages: readonly string[]): string {
  const device = `dev-disk-by\\x2dlabel-${rootLabel.replaceAll("-", "\\x2d")}.device`;
  return `[Unit]
Description=See whether Ignition has configured this machine
DefaultDependencies=no
Requires=${device}
After=${device}
Before=${stages.map((stage) => `ignition-${stage}.service`).join(" ")}
Before=initrd-root-device.target initrd-root-fs.target systemd-fsck-root.service sysroot.mount
OnFailure=emergency.target
OnFailureJobMode=isolate

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/lab-first-boot
`;
}

// What Ignition wrote must be on the disk before the stamp is.
const STAMP_UNIT = `[Unit]
Description=Note that Ignition has configured this machine
DefaultDependencies=no
ConditionPathExists=!/run/corefly-lab/configured
Requires=ignition-files.service
After=ignition-files.service
Before=initrd-parse-etc.service ignition-complete.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/mkdir -p /sysroot${CONFIGURED_STAMP.slice(0, CONFIGURED_STAMP.lastIndexOf("/"))}
ExecStart=/usr/bin/sync
ExecStart=/usr/bin/touch /sysroot${CONFIGURED_STAMP}
ExecStart=/usr/bin/sync
`;

const ONCE = `[Unit]
ConditionPathExists=!/run/corefly-lab/configured
After=lab-first-boot.service
`;

// Interfaces of pods are not ours.
const NETWORK = `[Match]
Type=ether
Kind=!veth bridge

[Network]
DHCP=ipv4

[DHCPv4]
UseDNS=no
`;

const JOURNALD = `[Journal]
Storage=persistent
SystemMaxUse=256M
RateLimitIntervalSec=0
`;
