// SPDX-License-Identifier: Apache-2.0
// Checks partition tables and RAID arrays.
import type { Disk, IgnitionConfig, Partition, Raid } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";
import { byteLength, checkPath } from "./nodes.ts";

export function* checkDisks({ storage }: IgnitionConfig): Generator<Problem> {
  for (const [index, disk] of (storage?.disks ?? []).entries()) {
    const at = ["storage", "disks", index];
    if (disk.device === "") {
      yield { code: "ErrDiskDeviceRequired", path: [...at, "device"], text: "is missing" };
    } else {
      yield* checkPath(disk.device, [...at, "device"]);
    }
    yield* checkTable(disk, at);
    for (const [position, partition] of (disk.partitions ?? []).entries()) {
      yield* checkPartition(partition, [...at, "partitions", position]);
    }
  }
  for (const [index, raid] of (storage?.raid ?? []).entries()) {
    yield* checkRaid(raid, ["storage", "raid", index]);
  }
}

function* checkTable(disk: Disk, at: ConfigPath): Generator<Problem> {
  const partitions = disk.partitions ?? [];
  const numbers = new Map<number, number>();
  const labels = new Map<string, number>();
  for (const [index, { number, label }] of partitions.entries()) {
    const path = [...at, "partitions", index];
    const sameNumber = number ? numbers.get(number) : undefined;
    const sameLabel = label == null ? undefined : labels.get(label);
    if (sameNumber !== undefined) {
      const related = [...at, "partitions", sameNumber];
      const text = `has the number ${number} of %s`;
      yield { code: "ErrPartitionNumbersCollide", path, text, related };
    }
    if (sameLabel !== undefined) {
      const related = [...at, "partitions", sameLabel];
      yield { code: "ErrDuplicateLabels", path, text: `has the label "${label}" of %s`, related };
    }
    if (number) numbers.set(number, index);
    if (label != null) labels.set(label, index);
  }
  yield* checkOverlaps(partitions, at);
  const removes = partitions.some(({ shouldExist }) => shouldExist === false);
  if (removes && partitions.some(({ number }) => !number)) {
    const text = "removes a partition beside one without a number, expected numbers for all";
    yield { code: "ErrZeroesWithShouldNotExist", path: [...at, "partitions"], text };
  }
}

function* checkOverlaps(partitions: readonly Partition[], at: ConfigPath): Generator<Problem> {
  const placed = partitions.flatMap(({ startMiB, sizeMiB }, index) => {
    // A start of 0 is placed by the partitioner, a size of 0 takes what is left: neither can be compared
    if (startMiB == null || sizeMiB == null || startMiB === 0) return [];
    const end = sizeMiB === 0 ? startMiB : startMiB + sizeMiB - 1;
    return [{ index, start: startMiB, end: Math.max(startMiB, end) }];
  });
  placed.sort((a, b) => a.start - b.start);
  for (const [index, later] of placed.entries()) {
    const earlier = placed.slice(0, index).find(({ end }) => end >= later.start);
    if (earlier === undefined) continue;
    const path = [...at, "partitions", later.index];
    const related = [...at, "partitions", earlier.index];
    const text = `starts at ${later.start} MiB, inside %s`;
    yield { code: "ErrPartitionsOverlap", path, text, related };
  }
}

const guid = /^(|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$/;

function* checkPartition(partition: Partition, at: ConfigPath): Generator<Problem> {
  const { label, number = 0, startMiB, sizeMiB, typeGuid, shouldExist } = partition;
  const others = label != null || typeGuid || partition.guid || startMiB != null || sizeMiB != null;
  if (shouldExist === false && others) {
    const text = "is to be removed but has other properties";
    yield { code: "ErrShouldNotExistWithOthers", path: at, text };
  }
  if (number === 0 && label == null) {
    yield { code: "ErrNeedLabelOrNumber", path: at, text: "has neither number nor label" };
  }
  if (label != null && byteLength(label) > 36) {
    const text = `is ${byteLength(label)} bytes long, expected at most 36`;
    yield { code: "ErrLabelTooLong", path: [...at, "label"], text };
  } else if (label?.includes(":")) {
    const text = `is "${label}", expected no colon`;
    yield { code: "ErrLabelContainsColon", path: [...at, "label"], text };
  }
  for (const [field, value] of Object.entries({ guid: partition.guid, typeGuid })) {
    if (value == null || guid.test(value)) continue;
    const text = `is "${value}", expected the form 01234567-89AB-CDEF-EDCB-A98765432101`;
    yield { code: "ErrDoesntMatchGUIDRegex", path: [...at, field], text };
  }
  for (const [field, value] of Object.entries({ number, startMiB, sizeMiB })) {
    if (value == null || value >= 0) continue;
    yield { code: "IllegalPartition", path: [...at, field], text: `is ${value}` };
  }
}

const striped = ["linear", "raid0", "0", "stripe"];
const redundant = [
  "raid1",
  "1",
  "mirror",
  "raid4",
  "4",
  "raid5",
  "5",
  "raid6",
  "6",
  "raid10",
  "10",
];

function* checkRaid(raid: Raid, at: ConfigPath): Generator<Problem> {
  const { name, level, spares, devices = [] } = raid;
  const path = [...at, "level"];
  if (name === "") yield { code: "IllegalLuksName", path: [...at, "name"], text: "is missing" };
  if (!level) {
    yield { code: "ErrRaidLevelRequired", path, text: "is missing" };
  } else if (striped.includes(level)) {
    const text = `is "${level}", which has no spares, but there are ${spares}`;
    if (spares != null && spares !== 0) yield { code: "ErrSparesUnsupportedForLevel", path, text };
  } else if (!redundant.includes(level)) {
    const text = `is "${level}", expected one of ${[...striped, ...redundant].join(", ")}`;
    yield { code: "ErrUnrecognizedRaidLevel", path, text };
  }
  if (devices.length === 0) {
    yield { code: "ErrRaidDevicesRequired", path: [...at, "devices"], text: "are missing" };
  }
  for (const [index, device] of devices.entries()) {
    yield* checkPath(device, [...at, "devices", index]);
  }
}
