// SPDX-License-Identifier: Apache-2.0
// A stored image in the words of the CRI.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ImageSchema } from "../api-schema.ts";
import type { LibraryImage } from "../context.ts";
import { imageUser } from "../plan/users.ts";

export function imageMessage(image: LibraryImage): MessageInitShape<typeof ImageSchema> {
  const { uid, username } = imageUser(image.app.user);
  return {
    id: image.id,
    repoTags: [...image.repoTags],
    repoDigests: [...image.repoDigests],
    // The kubelet takes an image of size 0 for a broken one.
    size: BigInt(Math.max(1, image.sizeBytes)),
    ...(uid === undefined ? {} : { uid: { value: uid } }),
    username,
    spec: { image: image.id, annotations: { ...image.annotations } },
    pinned: image.pinned,
  };
}
