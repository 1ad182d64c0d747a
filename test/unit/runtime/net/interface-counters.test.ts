// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseNetDev } from "../../../../runtime/net/interface-counters.ts";

const TEXT = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0:18446744073709551615 12 1 2 0 0 0 0 700 8 3 4 0 0 0 0
`;

describe("parseNetDev()", () => {
  it("reads each interface, also with a counter that touches the colon and is larger than a double", () => {
    const none = { bytes: 0n, packets: 0n, errors: 0n, dropped: 0n };
    expect(parseNetDev(TEXT)).toEqual([
      { name: "lo", received: none, sent: none },
      {
        name: "eth0",
        received: { bytes: 18_446_744_073_709_551_615n, packets: 12n, errors: 1n, dropped: 2n },
        sent: { bytes: 700n, packets: 8n, errors: 3n, dropped: 4n },
      },
    ]);
  });
});
