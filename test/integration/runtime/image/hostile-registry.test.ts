// SPDX-License-Identifier: Apache-2.0
// OCI images from registries that misbehave in one way each: nothing that is not what its digest says gets into the store.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { answerImage, OCI_IMAGE, OciUser } from "../../../helpers/oci-user.ts";
import { sha256 } from "../../../helpers/unpack.ts";

const manifestDigest = sha256(Buffer.from(OCI_IMAGE.manifestText));
let user: OciUser;
beforeEach(async () => {
  user = await OciUser.make();
});
afterEach(() => user.remove());

describe("fetchOciImage() from a registry that misbehaves", () => {
  it("IMG-08: ends a loop of redirects with an error", async () => {
    const server = await user.serve((request, response) => {
      response.writeHead(307, { location: request.url }).end();
    });
    await expect(user.pull(`127.0.0.1:${server.port}/team/app:1`)).rejects.toThrow(
      "more than 10 redirects",
    );
    expect(server.seen).toHaveLength(11);
  });

  it("refuses a manifest and blobs that are not what their digests say, and keeps nothing", async () => {
    const server = await user.serve((request, response) =>
      answerImage(request, response, Buffer.from("something else")),
    );
    const host = `127.0.0.1:${server.port}`;
    await expect(user.pull(`${host}/team/app:1`)).rejects.toThrow(
      /found 14 bytes with digest sha256:.*expected \d+ bytes/,
    );
    await expect(user.pull(`${host}/team/app@sha256:${"0".repeat(64)}`)).rejects.toThrow(
      `its bytes have digest ${manifestDigest}`,
    );
    user.expectEmptyStore();
  });

  it("refuses a config and a layer of the right size with other bytes", async () => {
    const { config, layers } = OCI_IMAGE.manifest;
    const change: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
      // Nothing but its digest tells this one from the image's.
      [config.digest]: (bytes) => Buffer.from(bytes.toString("latin1").replace("linux", "LINUX")),
      [layers[0]?.digest ?? ""]: (bytes) => Buffer.from(bytes.map((byte) => byte ^ 1)),
    };
    for (const [digest, changed] of Object.entries(change)) {
      const server = await user.serve((request, response) => {
        const isIt = request.url.endsWith(digest);
        const bytes = changed(OCI_IMAGE.blobs.get(digest) ?? Buffer.alloc(0));
        answerImage(request, response, isIt ? bytes : undefined);
      });
      await expect(user.pull(`127.0.0.1:${server.port}/team/app:1`)).rejects.toThrow(
        /found (\d+) bytes with digest sha256:[0-9a-f]{64}, expected \1 bytes/,
      );
      user.expectEmptyStore();
    }
  });

  it("stops reading a blob that is longer than its manifest says", async () => {
    let sent = 0;
    const server = await user.serve((request, response) => {
      if (!request.url.endsWith(OCI_IMAGE.manifest.layers[1]?.digest ?? "")) {
        answerImage(request, response);
        return;
      }
      const more = () => {
        sent += 65_536;
        if (response.write(Buffer.alloc(65_536))) {
          setImmediate(more);
        } else {
          response.once("drain", more);
        }
      };
      response.on("error", () => {});
      more();
    });
    await expect(user.pull(`127.0.0.1:${server.port}/team/app:1`)).rejects.toThrow(
      "bytes that its manifest says",
    );
    expect(sent).toBeLessThan(50 * 1024 * 1024);
    expect(readdirSync(join(user.dir, "data/images"))).toEqual([]);
  });

  it("goes on with the layers that were complete when it is tried again", async () => {
    let isBroken = true;
    const server = await user.serve((request, response) => {
      const isLast = request.url.endsWith(OCI_IMAGE.manifest.layers[1]?.digest ?? "");
      if (isLast && isBroken) {
        response.writeHead(500).end();
      } else {
        answerImage(request, response);
      }
    });
    const reference = `127.0.0.1:${server.port}/team/app:1`;
    await expect(user.pull(reference)).rejects.toThrow("HTTP status 500");
    isBroken = false;
    await user.pull(reference);
    const first = OCI_IMAGE.manifest.layers[0]?.digest ?? "";
    expect(server.seen.filter(({ url }) => url.endsWith(first))).toHaveLength(1);
  });
});
