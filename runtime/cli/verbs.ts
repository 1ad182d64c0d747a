// SPDX-License-Identifier: Apache-2.0
// The list of verbs. Each is loaded when it is called and not before: starting quickly matters on slow machines.
import type { VerbEntry } from "./verb.ts";

export const VERBS: readonly VerbEntry[] = [
  {
    name: "fetch",
    summary: "Fetch images into the store",
    load: () => import("./fetch.ts"),
  },
  {
    name: "image cat-manifest",
    summary: "Print the manifest of an image",
    load: () => import("./image-cat-manifest.ts"),
  },
  {
    name: "image list",
    summary: "List images in the store",
    load: () => import("./image-list.ts"),
  },
  {
    name: "image rm",
    summary: "Remove images from the store",
    load: () => import("./image-rm.ts"),
  },
  {
    name: "trust",
    summary: "Trust a key for images",
    load: () => import("./trust.ts"),
  },
  {
    name: "image build",
    summary: "Write an image from a description",
    load: () => import("./image-build.ts"),
  },
  {
    name: "image sign",
    summary: "Sign an image file with an OpenPGP key",
    load: () => import("./image-sign.ts"),
  },
  {
    name: "cri",
    summary: "Serve the Kubernetes container runtime interface",
    load: () => import("./cri.ts"),
  },
  {
    name: "completion",
    summary: "Print a completion script",
    load: () => import("./completion.ts"),
  },
  {
    name: "gc",
    summary: "Remove pods that are over",
    load: () => import("./gc.ts"),
  },
  { name: "list", summary: "List pods", load: () => import("./list.ts") },
  { name: "rm", summary: "Remove pods that are over", load: () => import("./rm.ts") },
  {
    name: "run",
    summary: "Run an image as a pod, in the foreground",
    load: () => import("./run.ts"),
  },
  { name: "status", summary: "Show a pod's state", load: () => import("./status.ts") },
  { name: "stop", summary: "Stop pods", load: () => import("./stop.ts") },
  { name: "version", summary: "Print the version", load: () => import("./version.ts") },
];
