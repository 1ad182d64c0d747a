// SPDX-License-Identifier: Apache-2.0
// What a node needs because it is a QEMU machine: its journal on a virtio-serial port, and where its disks are.

/** Name of the port that carries the journal, in the guest `/dev/virtio-ports/<name>`. */
export const JOURNAL_PORT = "org.corefly.journal.0";

/** Label of the disk that keeps etcd's data; the disk's serial number in the guest. */
export const ETCD_DISK_LABEL = "etcd";

/** Fields of an entry that the workstation reads; others would triple what an emulated machine has to write. */
const FIELDS = [
  "MESSAGE",
  "PRIORITY",
  "SYSLOG_IDENTIFIER",
  "UNIT",
  "JOB_TYPE",
  "JOB_RESULT",
  "UNIT_RESULT",
  "EXIT_CODE",
  "EXIT_STATUS",
  "_PID",
  "_SYSTEMD_UNIT",
];

/**
 * Sends the whole journal of this boot, Ignition's part included, to the workstation, one JSON object a line, and goes
 * on with what comes. Needs no network and no login; a machine without the port skips it.
 */
export const JOURNAL_UNIT = `[Unit]
Description=Send the journal to the workstation
DefaultDependencies=no
BindsTo=${deviceUnit(JOURNAL_PORT)}
After=systemd-journald.service ${deviceUnit(JOURNAL_PORT)}
Conflicts=shutdown.target

[Service]
ExecStart=/bin/journalctl --boot --follow --lines=all --output=json --output-fields=${FIELDS.join(",")}
StandardOutput=file:/dev/virtio-ports/${JOURNAL_PORT}
Restart=always
RestartSec=1

[Install]
WantedBy=sysinit.target
`;

/** Units of every node on this platform, by name; all are enabled. */
export const QEMU_NODE_UNITS: Readonly<Record<string, string>> = {
  "corefly-journal.service": JOURNAL_UNIT,
};

/** The device of the disk that keeps etcd's data. */
export function etcdDevice(): string {
  return diskDevice(ETCD_DISK_LABEL);
}

/** The device in the guest of a disk with this label. */
export function diskDevice(label: string): string {
  return `/dev/disk/by-id/virtio-${label}`;
}

function deviceUnit(port: string): string {
  return `dev-virtio\\x2dports-${port}.device`;
}
