// SPDX-License-Identifier: Apache-2.0
// StreamImages: ListImages in parts.
import { create } from "@bufbuild/protobuf";
import { ListImagesRequestSchema } from "../api-schema.ts";
import { inParts } from "../parts.ts";
import type { ImageRpc } from "../rpc.ts";
import { listImages } from "./list-images.ts";

export const streamImages: ImageRpc<"streamImages"> = async function* ({ filter }, context, call) {
  const request = create(ListImagesRequestSchema, filter === undefined ? {} : { filter });
  const { images = [] } = await listImages(request, context, call);
  yield* inParts(images, (part) => ({ images: part }));
};
