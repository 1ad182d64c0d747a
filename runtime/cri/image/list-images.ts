// SPDX-License-Identifier: Apache-2.0
// ListImages: what is in the store; with a filter only the image that it names.
import { imageMessage } from "../messages/image.ts";
import type { ImageRpc } from "../rpc.ts";

export const listImages: ImageRpc<"listImages"> = async ({ filter }, { images }) => {
  const reference = filter?.image?.image ?? "";
  if (reference !== "") {
    const found = await images.find(reference);
    return { images: found === undefined ? [] : [imageMessage(found)] };
  }
  return { images: (await images.list()).map(imageMessage) };
};
