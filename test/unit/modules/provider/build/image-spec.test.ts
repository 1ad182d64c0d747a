// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import type { ImageRecipe } from "../../../../../modules/artifacts/artifact.ts";
import type { ArtifactName } from "../../../../../modules/artifacts/table.ts";
import { imageSpec } from "../../../../../modules/provider/build/image-spec.ts";

describe("imageSpec()", () => {
  it("puts files in the place of artefacts, assets and archives", () => {
    const recipe: ImageRecipe<ArtifactName> = {
      kind: "image",
      format: "oci",
      name: "corefly.dev/etcd",
      app: {
        exec: ["/usr/bin/etcd"],
        environment: [],
        workingDirectory: "/",
        user: "0",
        group: "0",
      },
      files: [
        { path: "/usr/bin/etcd", artifact: "etcd", mode: "0755" },
        { path: "/etc/page", asset: "caddy/index.html", mode: "0644" },
        { path: "/tmp", directory: true, mode: "1777" },
        { path: "/usr/bin/e", link: "etcd" },
        { archive: "kubernetes-tools" },
      ],
    };
    const sources = {
      artifact: (name: string) => `/cache/${name}`,
      asset: (name: string) => `/assets/${name}`,
    };
    expect(imageSpec(recipe, "v3.6.16", "arm64", sources)).toEqual({
      name: "corefly.dev/etcd",
      version: "v3.6.16",
      os: "linux",
      arch: "arm64",
      app: recipe.app,
      files: [
        { path: "/usr/bin/etcd", source: "/cache/etcd", mode: "0755" },
        { path: "/etc/page", source: "/assets/caddy/index.html", mode: "0644" },
        { path: "/tmp", directory: true, mode: "1777" },
        { path: "/usr/bin/e", link: "etcd" },
        { tar: "/cache/kubernetes-tools" },
      ],
    });
  });
});
