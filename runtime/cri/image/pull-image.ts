// SPDX-License-Identifier: Apache-2.0
// PullImage: answers with the id that ListImages, ImageStatus and ContainerStatus use for the image too.
import { CoreflyError, UsageError } from "../../errors.ts";
import { ReasonedError } from "../errors.ts";
import type { ImageRpc } from "../rpc.ts";

export const pullImage: ImageRpc<"pullImage"> = async (request, context, call) => {
  const reference = request.image?.image ?? "";
  if (reference === "") {
    throw new UsageError("Cannot pull image: the request names none");
  }
  try {
    const image = await context.images.pull(reference, {
      auth: request.auth,
      signal: call.signal,
    });
    context.log.info("Image is in the store", { image: reference, id: image.id });
    return { imageRef: image.id };
  } catch (error) {
    throw withReason(error);
  }
};

/** The kubelet shows these two as the pod's reason. */
function withReason(error: unknown): unknown {
  if (error instanceof CoreflyError && error.code === "NETWORK") {
    return new ReasonedError("RegistryUnavailable", error.message, { cause: error });
  }
  if (error instanceof CoreflyError && error.code === "TRUST") {
    return new ReasonedError("SignatureValidationFailed", error.message, { cause: error });
  }
  return error;
}
