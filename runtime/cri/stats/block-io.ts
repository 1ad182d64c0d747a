// SPDX-License-Identifier: Apache-2.0
// What a cgroup has read from and written to block devices.
import { join } from "node:path";
import type { System } from "../../system/system.ts";
import { cgroupText } from "./cgroup-text.ts";

export interface DeviceIo {
  readonly major: string;
  readonly minor: string;
  readonly readBytes: bigint;
  readonly writtenBytes: bigint;
  readonly reads: bigint;
  readonly writes: bigint;
}

/** `cgroups` as of {@link readCgroups}; empty where the host does not count it. */
export async function readBlockIo(
  system: Pick<System, "files">,
  cgroups: Readonly<Record<string, string>>,
): Promise<readonly DeviceIo[]> {
  const text = async (controller: string, name: string) => {
    const directory = cgroups[controller];
    const found =
      directory === undefined ? undefined : await cgroupText(system, join(directory, name));
    return found ?? "";
  };
  return cgroups[""] === undefined
    ? parseVersion1(
        await text("blkio", "blkio.throttle.io_service_bytes"),
        await text("blkio", "blkio.throttle.io_serviced"),
      )
    : parseIoStat(await text("", "io.stat"));
}

/** cgroup-v2.rst, io.stat: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 …`. */
export function parseIoStat(text: string): readonly DeviceIo[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\d+):(\d+) (.*)$/.exec(line);
    const [, major = "", minor = "", counters = ""] = match ?? [];
    const count = (key: string) =>
      BigInt(new RegExp(`(?:^| )${key}=(\\d+)`).exec(counters)?.[1] ?? 0);
    return match === null
      ? []
      : [
          {
            major,
            minor,
            readBytes: count("rbytes"),
            writtenBytes: count("wbytes"),
            reads: count("rios"),
            writes: count("wios"),
          },
        ];
  });
}

/** blkio-controller.rst: `8:0 Read 1`, `8:0 Write 2`, …, once in bytes and once in requests. */
export function parseVersion1(bytes: string, requests: string): readonly DeviceIo[] {
  const pattern = /^(\d+:\d+) (Read|Write) (\d+)$/gm;
  const parse = (text: string) =>
    new Map(
      [...text.matchAll(pattern)].map(([, device, what, count]) => [
        `${device} ${what}`,
        BigInt(count ?? 0),
      ]),
    );
  const [inBytes, inRequests] = [parse(bytes), parse(requests)];
  const devices = new Set(
    [...inBytes.keys(), ...inRequests.keys()].map((key) => key.split(" ")[0]),
  );
  return [...devices].map((device = "") => {
    const [major = "", minor = ""] = device.split(":");
    return {
      major,
      minor,
      readBytes: inBytes.get(`${device} Read`) ?? 0n,
      writtenBytes: inBytes.get(`${device} Write`) ?? 0n,
      reads: inRequests.get(`${device} Read`) ?? 0n,
      writes: inRequests.get(`${device} Write`) ?? 0n,
    };
  });
}
