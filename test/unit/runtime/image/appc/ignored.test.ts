// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { ignoredRequests } from "../../../../../runtime/image/appc/ignored.ts";

describe("ignoredRequests()", () => {
  it("names what a manifest asks for beside what is done", () => {
    const app = {
      exec: ["/bin/x"],
      isolators: [
        { name: "resource/memory", value: { limit: "1G" } },
        { name: "os/linux/seccomp-retain-set", value: { set: [] } },
      ],
      eventHandlers: [{ name: "pre-start", exec: ["/bin/y"] }],
    };
    expect(ignoredRequests({ acKind: "ImageManifest", app })).toEqual([
      'isolator "resource/memory"',
      'isolator "os/linux/seccomp-retain-set"',
      'event handler "pre-start"',
    ]);
  });

  it("has nothing to say of others", () => {
    const apps = [undefined, null, {}, { isolators: null }, { isolators: [1, { name: 2 }] }];
    expect(apps.flatMap((app) => ignoredRequests(app === undefined ? {} : { app }))).toEqual([]);
  });
});
