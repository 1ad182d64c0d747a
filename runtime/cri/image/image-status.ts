// SPDX-License-Identifier: Apache-2.0
// ImageStatus: an image that is not there is no error, but an answer without image.
import { imageMessage } from "../messages/image.ts";
import type { ImageRpc } from "../rpc.ts";

export const imageStatus: ImageRpc<"imageStatus"> = async (request, { images }) => {
  const reference = request.image?.image ?? "";
  const found = reference === "" ? undefined : await images.find(reference);
  if (found === undefined) {
    return {};
  }
  return {
    image: imageMessage(found),
    info: request.verbose ? { info: JSON.stringify(found) } : {},
  };
};
