// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import {
  baseMirror,
  parseIndexTargets,
  sourcesList,
} from "../../../../../modules/provider/build/lab-sources.ts";

// apt-get indextargets on a Debian 12 workstation with sources of others.
const OUTPUT = `http://mirror.test/debian/|bookworm|Debian|main
http://mirror.test/debian/|bookworm|Debian|main
http://mirror.test/debian/|bookworm|Debian|contrib
http://mirror.test/debian/|bookworm-updates|Debian|main
http://mirror.test/debian-security/|bookworm-security|Debian|main
http://mirror.test/debian/|trixie|Debian|main
https://packages.test/node|nodistro|. nodistro|main
`;

describe("parseIndexTargets", () => {
  it("takes Debian's own sources of the release, once each", () => {
    expect(sourcesList(parseIndexTargets(OUTPUT, "bookworm"), "/k.gpg")).toBe(
      `deb [signed-by=/k.gpg] http://mirror.test/debian/ bookworm main
deb [signed-by=/k.gpg] http://mirror.test/debian/ bookworm-updates main
deb [signed-by=/k.gpg] http://mirror.test/debian-security/ bookworm-security main
`,
    );
  });

  it("finds nothing where there is nothing", () => {
    expect(parseIndexTargets("\n", "bookworm")).toEqual([]);
  });
});

describe("baseMirror", () => {
  it("is that of the release itself", () => {
    expect(baseMirror(parseIndexTargets(OUTPUT, "bookworm"), "bookworm")).toBe(
      "http://mirror.test/debian/",
    );
    expect(baseMirror([], "bookworm")).toBeUndefined();
  });
});
