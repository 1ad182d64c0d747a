// SPDX-License-Identifier: Apache-2.0
// What the text after `fetch` or `run` means: rkt's rules, and OCI references.
import { UsageError } from "../errors.ts";
import { type AppcReference, parseAppcReference } from "./appc/name.ts";
import { findOciReference, type OciReference, parseOciReference } from "./oci/reference.ts";

export type ImageSource =
  /** Only the store can have it. */
  | { readonly kind: "id"; readonly id: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "url"; readonly url: URL }
  | { readonly kind: "oci"; readonly reference: OciReference; readonly text: string }
  | { readonly kind: "appc"; readonly reference: AppcReference; readonly text: string };

/**
 * `sha512-…` and `sha256:…` are ids; `docker://…` an OCI reference; `file://`, `http(s)://….aci` ACIs; what looks like a path
 * (absolute, with `./`, ending in `.aci`, or a file that is there) a file. A bare name is an appc name when it can be one, else
 * an OCI reference: with a digest, a port, or characters that appc does not have. Throws UsageError.
 */
export function parseImageSource(text: string, isFile: (path: string) => boolean): ImageSource {
  if (text === "") {
    throw new UsageError("Cannot use image: its name is empty");
  }
  if (/^(sha512-[0-9a-f]+|sha256:[0-9a-f]+)$/.test(text)) {
    return { kind: "id", id: text };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):(\/\/)?/.exec(text);
  const rest = text.slice(scheme?.[0].length ?? 0);
  if (scheme?.[1] === "docker") {
    return { kind: "oci", reference: parseOciReference(rest), text: rest };
  }
  if (scheme?.[2] !== undefined) {
    return fromUrl(text, scheme[1] ?? "", rest);
  }
  if (text.startsWith("/") || text.includes("./") || text.endsWith(".aci") || isFile(text)) {
    return { kind: "file", path: text };
  }
  return fromName(text);
}

function fromUrl(text: string, scheme: string, rest: string): ImageSource {
  if (scheme === "file") {
    return { kind: "file", path: rest };
  }
  const url = URL.parse(text);
  if ((scheme !== "http" && scheme !== "https") || url === null) {
    throw new UsageError(
      `Cannot use image "${text}": unknown scheme, expected file://, http://, https:// or docker://`,
    );
  }
  if (!url.pathname.endsWith(".aci")) {
    throw new UsageError(`Cannot use image "${text}": a URL of an image has to end in .aci`);
  }
  return { kind: "url", url };
}

function fromName(text: string): ImageSource {
  const hasPort = /^[^/]+:\d+\//.test(text);
  if (hasPort) {
    return { kind: "oci", reference: parseOciReference(text), text };
  }
  try {
    return { kind: "appc", reference: parseAppcReference(text), text };
  } catch (error) {
    const reference = findOciReference(text);
    if (reference === undefined) {
      throw error;
    }
    return { kind: "oci", reference, text };
  }
}
