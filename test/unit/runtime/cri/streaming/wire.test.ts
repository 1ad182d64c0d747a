// SPDX-License-Identifier: Apache-2.0
import { Duplex } from "node:stream";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { closeAfterWrites } from "../../../../../runtime/cri/streaming/wire.ts";

afterEach(() => {
  jest.useRealTimers();
});

describe("closeAfterWrites()", () => {
  it("waits for a peer that reads slowly, then not for one that does not close its side", async () => {
    jest.useFakeTimers();
    let taken: () => void = () => {};
    const written: string[] = [];
    const socket = new Duplex({
      read: () => {},
      write: (chunk: Buffer, _encoding, done) => {
        written.push(String(chunk));
        taken = done;
      },
    });
    socket.write("much");
    closeAfterWrites(socket, "last words");
    await jest.advanceTimersByTimeAsync(600_000);
    expect([written, socket.destroyed]).toEqual([["much"], false]);
    taken();
    await jest.advanceTimersByTimeAsync(600_000);
    expect([written, socket.destroyed]).toEqual([["much", "last words"], false]);
    taken();
    await jest.advanceTimersByTimeAsync(4000);
    expect(socket.destroyed).toBe(false);
    await jest.advanceTimersByTimeAsync(2000);
    expect(socket.destroyed).toBe(true);
  });
});
