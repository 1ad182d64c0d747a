// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { fillTemplate, tagsOf } from "../../../../../runtime/image/net/discovery.ts";

const page = `<!doctype html><head>
<META content='a.test/app https://cdn.test/{name}-{version}-{os}-{arch}.{ext}' name=ac-discovery >
<meta name="ac-discovery" content="a.test https://other.test/{name}.{ext}?x=1&amp;y=2">
<meta name="ac-discovery-pubkeys" content="a.test/app https://cdn.test/key.asc">
<meta name="ac-discovery" content="nothing-else">
</head>`;

describe("tagsOf()", () => {
  it("IMG-11: takes tags whose prefix is the name or a whole path above it, in their order", () => {
    const app = "https://cdn.test/{name}-{version}-{os}-{arch}.{ext}";
    const any = "https://other.test/{name}.{ext}?x=1&y=2";
    expect(tagsOf(page, "ac-discovery", "a.test/app")).toEqual([app, any]);
    expect(tagsOf(page, "ac-discovery", "a.test/app/x")).toEqual([app, any]);
    expect(tagsOf(page, "ac-discovery", "a.test/appx")).toEqual([any]);
    expect(tagsOf(page, "ac-discovery", "a.testing/app")).toEqual([]);
    expect(tagsOf(page, "ac-discovery-pubkeys", "a.test/app")).toEqual([
      "https://cdn.test/key.asc",
    ]);
  });
});

describe("fillTemplate()", () => {
  it("fills what it knows, and gives a template up that wants more", () => {
    expect(fillTemplate("https://x/{name}.{ext}", { name: "a/b", ext: "aci" })).toBe(
      "https://x/a/b.aci",
    );
    expect(fillTemplate("https://x/{flavour}.{ext}", { name: "a", ext: "aci" })).toBe(undefined);
  });
});
