// SPDX-License-Identifier: Apache-2.0
import { Readable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { Incoming, ReadAhead } from "../../../../../runtime/cri/streaming/read-ahead.ts";

/** A connection's brake, and whether it is on. */
function brake(maxBytes: number) {
  let isHeld = false;
  const wire = {
    hold: () => {
      isHeld = true;
    },
    release: () => {
      isHeld = false;
    },
  };
  return { ahead: new ReadAhead(wire, maxBytes), isHeld: () => isHeld };
}

function reader(incoming: Incoming): Readable {
  const readable: Readable = new Readable({ read: () => incoming.read(readable) });
  return readable;
}

describe("ReadAhead", () => {
  it("holds the connection while too much of all its streams waits, and counts no byte twice", async () => {
    const { ahead, isHeld } = brake(300_000);
    const [one, two] = [new Incoming(ahead), new Incoming(ahead)];
    one.put(Buffer.alloc(150_000));
    expect(isHeld()).toBe(false);
    two.put(Buffer.alloc(150_000));
    expect(isHeld()).toBe(true);
    two.end();
    const chunks = await reader(two).toArray();
    expect(Buffer.concat(chunks)).toHaveLength(150_000);
    expect(isHeld()).toBe(false);
    two.drop();
    one.put(Buffer.alloc(140_000));
    expect(isHeld()).toBe(false);
    one.put(Buffer.alloc(20_000));
    expect(isHeld()).toBe(true);
    one.drop();
    expect(isHeld()).toBe(false);
  });

  it("is not fooled by chunks of one byte, each of which costs memory", () => {
    const { ahead, isHeld } = brake(256 * 1024);
    const incoming = new Incoming(ahead);
    let count = 0;
    while (!isHeld()) {
      incoming.put(Buffer.of(1));
      count += 1;
    }
    expect(count).toBeLessThan(1000);
  });

  it("does not keep in memory what a small chunk was cut from", () => {
    const { ahead } = brake(1e6);
    const incoming = new Incoming(ahead);
    incoming.put(Buffer.alloc(65536).subarray(7, 8));
    const readable = reader(incoming);
    expect((readable.read() as Buffer).buffer.byteLength).toBe(1);
  });
});

describe("Incoming", () => {
  it("gives bytes in their order, however the reader asks, and its end after them", async () => {
    const incoming = new Incoming(brake(1e9).ahead);
    const sent = Array.from({ length: 1000 }, (_, index) =>
      Buffer.alloc((index * 37) % 9000, index),
    );
    for (const chunk of sent.slice(0, 300)) {
      incoming.put(chunk);
    }
    const readable = reader(incoming);
    const got: Buffer[] = [];
    readable.on("data", (chunk: Buffer) => {
      got.push(chunk);
      if (got.length % 7 === 0) {
        readable.pause();
        setImmediate(() => readable.resume());
      }
    });
    for (const chunk of sent.slice(300)) {
      incoming.put(chunk);
      if (chunk.length % 3 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    const ended = new Promise((resolve) => readable.once("end", resolve));
    incoming.end();
    await ended;
    expect(Buffer.concat(got).equals(Buffer.concat(sent))).toBe(true);
  });
});
