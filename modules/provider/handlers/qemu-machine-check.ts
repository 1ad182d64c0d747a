// SPDX-License-Identifier: Apache-2.0
// Which arguments of a QemuMachine cannot be used on this workstation.

import { MAX_SERIAL_BYTES, serialOfDisk } from "../../platforms/qemu/plan/machine.ts";
import type { CheckFailure, ResourceContext } from "../handler.ts";
import { machineFolder } from "../machine/machine-folder.ts";
import { hasStray } from "../machine/run-machine.ts";
import { runningDaemon } from "../processes/daemon.ts";
import { takenPorts } from "../processes/ports.ts";
import { isMap, type PropertyValue, type PropertyValues } from "../property-value.ts";
import { listOf } from "../read-values.ts";

/** What is wrong with arguments that the schema has nothing against. */
export async function checkMachine(
  news: PropertyValues,
  context: ResourceContext,
): Promise<readonly CheckFailure[]> {
  const folder = machineFolder(context.stackDir, context.name);
  const running = await runningDaemon(folder.process);
  const isOwn = (port: number) => running?.ports.includes(port) === true;
  // A process that lost its record has whatever ports it has, until it is ended.
  const ports = running === undefined && (await hasStray(folder)) ? () => true : isOwn;
  return [...checkImage(news["image"]), ...checkDisks(news), ...(await checkPorts(news, ports))];
}

function checkImage(image: PropertyValue | undefined): readonly CheckFailure[] {
  if (image === undefined || !isMap(image)) return [];
  const given = ["lab", "sha512"].filter((name) => image[name] !== undefined);
  return given.length === 1
    ? []
    : [{ property: "image", reason: `Found ${given.length} images, expected lab or sha512` }];
}

function checkDisks(news: PropertyValues): readonly CheckFailure[] {
  const serials = listOf(news, "disks").map((path) =>
    typeof path === "string" ? serialOfDisk(path) : undefined,
  );
  return serials.flatMap((serial, index) => {
    if (serial === undefined) return [];
    const property = `disks[${index}]`;
    if (!/^[a-z0-9][a-z0-9_-]*$/.test(serial) || serial.length > MAX_SERIAL_BYTES) {
      return [
        {
          property,
          reason: `Found a disk called "${serial}", expected at most ${MAX_SERIAL_BYTES} of a-z, 0-9, _ and -`,
        },
      ];
    }
    return serials.indexOf(serial) < index
      ? [{ property, reason: `Found a second disk called "${serial}", expected another label` }]
      : [];
  });
}

async function checkPorts(
  news: PropertyValues,
  isOwn: (port: number) => boolean,
): Promise<readonly CheckFailure[]> {
  const forwards = listOf(news, "ports").map((port) => (isMap(port) ? port : {}));
  const ports = forwards.map((forward) => forward["host"]);
  const failures: CheckFailure[] = [];
  for (const [index, port] of ports.entries()) {
    if (typeof port !== "number") continue;
    const name = forwards[index]?.["name"];
    const property = typeof name === "string" ? name : `ports[${index}].host`;
    if (ports.indexOf(port) < index) {
      failures.push({ property, reason: `Found port ${port} twice, expected different ports` });
    } else if (!isOwn(port) && (await takenPorts([port])).length > 0) {
      failures.push({
        property,
        reason: `Port ${port} of 127.0.0.1 is taken by another program, expected a free one`,
      });
    }
  }
  return failures;
}
