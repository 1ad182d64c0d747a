// SPDX-License-Identifier: Apache-2.0
// ImageFsInfo: how full the store is. The mount point must exist where the kubelet looks, so it is the data directory.
import { nsOfMs } from "../pods/names.ts";
import type { ImageRpc } from "../rpc.ts";

export const imageFsInfo: ImageRpc<"imageFsInfo"> = async (_request, context) => {
  const usage = await context.images.usage();
  const filesystem = {
    timestamp: BigInt(nsOfMs(context.system.clock.now())),
    fsId: { mountpoint: context.paths.dataDir },
    usedBytes: { value: BigInt(usage.bytes) },
    inodesUsed: { value: BigInt(usage.inodes) },
  };
  return { imageFilesystems: [filesystem], containerFilesystems: [filesystem] };
};
