// SPDX-License-Identifier: Apache-2.0
// RemoveImage: the image with all its names; "must be idempotent" (api.proto).
import type { ImageRpc } from "../rpc.ts";

export const removeImage: ImageRpc<"removeImage"> = async (request, { images }) => {
  const reference = request.image?.image ?? "";
  const found = reference === "" ? undefined : await images.find(reference);
  if (found !== undefined) {
    await images.remove(found.id);
  }
  return {};
};
