// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { stackPorts } from "../../../../../modules/cluster/plan/ports.ts";

const all = (identity: string): readonly number[] => {
  const publish = [{ name: "demo", nodePort: 30_080 }];
  const { mirror, apiServer, published } = stackPorts(identity, {}, publish);
  return [mirror, apiServer, ...published];
};

describe("stackPorts()", () => {
  it("gives a stack the same ports each time", () => {
    expect(all("organization/corefly/dev//home/a/lab")).toEqual([22_890, 22_891, 22_892]);
    expect(all("organization/corefly/dev//home/a/lab")).toEqual(
      all("organization/corefly/dev//home/a/lab"),
    );
  });

  it("gives the same stack in another folder other ports", () => {
    const here = all("organization/corefly/dev//home/a/lab");
    const there = all("organization/corefly/dev//home/b/lab");
    expect(here.filter((port) => there.includes(port))).toEqual([]);
  });

  it("stays below the ports that the kernel gives out, and keeps stacks apart or the same", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        const [ours, theirs] = [all(one), all(other)];
        expect(ours.every((port) => port >= 20_000 && port < 32_000)).toBe(true);
        const shared = ours.filter((port) => theirs.includes(port));
        expect([0, ours.length]).toContain(shared.length);
      }),
    );
  });

  it("leaves what the user chose", () => {
    const publish = [{ name: "demo", nodePort: 30_080, port: 8080 }];
    expect(stackPorts("x", { mirror: 5000, apiServer: 6443 }, publish)).toEqual({
      mirror: 5000,
      apiServer: 6443,
      published: [8080],
    });
  });

  it("refuses more published ports than a stack has", () => {
    const publish = Array.from({ length: 9 }, (_, index) => ({
      name: `p${index}`,
      nodePort: 30_000 + index,
    }));
    expect(() => stackPorts("x", {}, publish)).toThrow(
      'Invalid argument "publish": 9 ports, expected at most 8',
    );
  });
});
