// SPDX-License-Identifier: Apache-2.0
// Which stored image a reference means: an id or part of one, an appc name, or an OCI reference.
import { UsageError } from "../errors.ts";
import { isAcIdentifier, parseAppcReference } from "../image/appc/name.ts";
import { findOciReference, type OciReference } from "../image/oci/reference.ts";
import type { StoredImage } from "./record.ts";

/** rkt's least length of a hash prefix, in hex digits. */
const MIN_PREFIX = 2;
/** A bare hex string could be a name; as long as what crictl prints it is taken for an id. */
const MIN_BARE = 12;

/**
 * Of several that fit, one whose signature was accepted, else the one imported last: a name does not pass from an image that
 * was verified to one that was not. Throws UsageError when a part of an id fits several.
 */
export function findImage<T extends StoredImage & { readonly signedBy: string }>(
  images: readonly T[],
  reference: string,
): T | undefined {
  const exact = images.find(({ id }) => id === reference);
  if (exact !== undefined) {
    return exact;
  }
  const prefix = idPrefix(reference);
  if (prefix !== undefined) {
    return byPrefix(images, prefix, reference);
  }
  const oci = findOciReference(reference);
  return images
    .filter((image) => (image.format === "aci" ? isAci(image, reference, oci) : isOci(image, oci)))
    .reduce<T | undefined>(
      (best, image) => (best === undefined || isBetter(image, best) ? image : best),
      undefined,
    );
}

type Candidate = { readonly importedAtMs: number; readonly signedBy: string };

function isBetter(image: Candidate, than: Candidate): boolean {
  const [isSigned, wasSigned] = [image.signedBy !== "", than.signedBy !== ""];
  return isSigned === wasSigned ? image.importedAtMs >= than.importedAtMs : isSigned;
}

function idPrefix(reference: string): string | undefined {
  if (/^sha512-[0-9a-f]*$/.test(reference) || /^sha256:[0-9a-f]*$/.test(reference)) {
    return reference;
  }
  return new RegExp(`^[0-9a-f]{${MIN_BARE},128}$`).test(reference) ? reference : undefined;
}

function byPrefix<T extends StoredImage>(
  images: readonly T[],
  prefix: string,
  reference: string,
): T | undefined {
  const isBare = !prefix.startsWith("sha");
  const digits = isBare ? prefix : prefix.slice("sha512-".length);
  if (digits.length < MIN_PREFIX) {
    throw new UsageError(`Cannot find image "${reference}": image ID too short`);
  }
  const matches = images.filter(({ id }) =>
    isBare ? id.slice("sha512-".length).startsWith(digits) : id.startsWith(prefix),
  );
  if (matches.length > 1) {
    throw new UsageError(`Cannot find image: ambiguous image ID: "${reference}"`);
  }
  return matches[0];
}

/** CRI clients make `NAME:latest` of a bare name and may put docker.io in front of one without a host. */
function isAci(image: StoredImage, reference: string, oci: OciReference | undefined): boolean {
  const plain = reference.replace(/^docker\.io\/(library\/)?/, "");
  const isNamed = [reference, plain].some((text) => matchesAppc(image, text));
  const isByDigest = oci?.digest !== undefined && isOci(image, oci);
  return isNamed || isByDigest;
}

function matchesAppc(image: StoredImage, text: string): boolean {
  const [head = ""] = text.split(/[:,]/);
  if (head !== image.name || !isAcIdentifier(head)) {
    return false;
  }
  const { labels } = parseAppcReference(text);
  return Object.entries(labels).every(
    ([label, value]) =>
      image.labels[label] === value || (label === "version" && value === "latest"),
  );
}

function isOci(image: StoredImage, oci: OciReference | undefined): boolean {
  if (oci === undefined) {
    return false;
  }
  return oci.digest === undefined
    ? image.repoTags.includes(`${oci.repository}:${oci.tag ?? ""}`)
    : image.repoDigests.includes(`${oci.repository}@${oci.digest}`);
}
