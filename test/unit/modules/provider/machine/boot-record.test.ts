// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { specDigest } from "../../../../../modules/provider/machine/boot-record.ts";

const port = { host: 20_001, guest: 6443, name: "apiServerPort" };

describe("specDigest()", () => {
  it("is the same whatever order the names come in", () => {
    const { name, guest, host } = port;
    const one = { image: { lab: "x" }, ports: [port], cpus: 2 };
    const other = { cpus: 2, ports: [{ name, guest, host }], image: { lab: "x" } };
    expect(specDigest(one)).toBe(specDigest(other));
  });

  it("is another one for other values, and for another order of a list", () => {
    const disks = ["/a.img", "/b.img"];
    const digests = [
      { disks },
      { disks: disks.toReversed() },
      { disks, cpus: 2 },
      { disks, cpus: "2" },
    ].map(specDigest);
    expect(new Set(digests).size).toBe(4);
  });
});
