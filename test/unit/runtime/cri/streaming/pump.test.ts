// SPDX-License-Identifier: Apache-2.0
import { PassThrough, Readable, Writable } from "node:stream";
import { describe, expect, it } from "@jest/globals";
import { drained, pump } from "../../../../../runtime/cri/streaming/pump.ts";
import { linuxClock } from "../../../../../runtime/system/clock.ts";

function sink(): { readonly stream: Writable; readonly text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

describe("pump()", () => {
  it("copies and ends", async () => {
    const { stream, text } = sink();
    pump(Readable.from([Buffer.from("a"), Buffer.from("b")]), stream);
    await new Promise((resolve) => stream.once("finish", resolve));
    expect(text()).toBe("ab");
  });

  it("ends the copy when the source is destroyed", async () => {
    const { stream } = sink();
    const source = new PassThrough();
    pump(source, stream);
    source.destroy();
    await new Promise((resolve) => stream.once("finish", resolve));
  });

  it.each(["fails", "was closed before"])(
    "reads the source to its end when the copy %s",
    async (how) => {
      const target = new Writable({ write: (_chunk, _encoding, done) => done(new Error("EPIPE")) });
      if (how === "was closed before") {
        target.destroy();
      }
      const source = new PassThrough({ highWaterMark: 10 });
      pump(source, target);
      source.write(Buffer.alloc(1000));
      await new Promise((resolve) => setImmediate(resolve));
      source.end(Buffer.alloc(1000));
      await new Promise((resolve) => source.once("end", resolve));
    },
  );
});

describe("drained()", () => {
  it("waits for the end", async () => {
    const source = new PassThrough();
    source.end("x");
    await drained(linuxClock, source, undefined);
    expect(source.readableEnded).toBe(true);
  });

  it("leaves a stream that stays open and silent", async () => {
    const source = new PassThrough();
    source.write("x");
    await drained(linuxClock, source, undefined);
    expect(source.destroyed).toBe(true);
  });

  it("is patient with a slow reader", async () => {
    const source = new PassThrough();
    const slow = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => void setTimeout(done, 900),
    });
    pump(source, slow);
    source.write("x");
    const waiting = drained(linuxClock, source, slow);
    setTimeout(() => source.end("y"), 700);
    await waiting;
    expect(source.readableEnded).toBe(true);
  });
});
