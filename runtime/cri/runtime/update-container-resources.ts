// SPDX-License-Identifier: Apache-2.0
// UpdateContainerResources: new limits, in force and written down when we answer. What the request does not say stays.
import { toJson } from "@bufbuild/protobuf";
import { PodStateError } from "../../errors.ts";
import { crunUpdate, writeBundle } from "../../stage1/oci/crun.ts";
import { ociLimits } from "../../stage1/oci/resources.ts";
import type { OciSpec } from "../../stage1/oci/spec-types.ts";
import { type LinuxContainerResources, LinuxContainerResourcesSchema } from "../api-schema.ts";
import type { CriContext } from "../context.ts";
import { appResources, mergeResources } from "../plan/resources.ts";
import { containerLock, updateRecord } from "../pods/container-record-update.ts";
import { appDir } from "../pods/paths.ts";
import type { Container } from "../pods/pod-table.ts";
import type { RuntimeRpc } from "../rpc.ts";

export const updateContainerResources: RuntimeRpc<"updateContainerResources"> = async (
  request,
  context,
) => {
  const container = context.pods.getContainer(request.containerId);
  const { linux } = request;
  if (linux !== undefined) {
    await context.locks.run(containerLock(container), () => update(context, container, linux));
  }
  return {};
};

async function update(
  context: CriContext,
  container: Container,
  wanted: LinuxContainerResources,
): Promise<void> {
  const { system, crun, host } = context;
  const { record } = container;
  const resources = mergeResources(container.resources, wanted);
  switch (record.state) {
    case "running":
      await crunUpdate(system, crun, record.id, ociLimits(appResources(wanted), host));
      break;
    case "created":
      await rewriteBundle(context, container, resources);
      break;
    default:
      throw new PodStateError(
        `Cannot update container "${record.name}": it is ${record.state}, expected created or running`,
      );
  }
  await updateRecord(context, container, {
    resources: toJson(LinuxContainerResourcesSchema, resources),
  });
  container.resources = resources;
}

/** Not started yet: its limits are still only in config.json. */
async function rewriteBundle(
  context: CriContext,
  container: Container,
  resources: LinuxContainerResources,
): Promise<void> {
  const { system, host, paths } = context;
  const directory = appDir(paths, container.record.podUuid, container.record.id);
  const spec = (await system.files.readJson(`${directory}/config.json`)) as OciSpec;
  const { devices } = spec.linux.resources;
  await writeBundle(system, directory, {
    ...spec,
    linux: {
      ...spec.linux,
      resources: {
        ...(devices === undefined ? {} : { devices }),
        ...ociLimits(appResources(resources), host),
      },
    },
  });
}
