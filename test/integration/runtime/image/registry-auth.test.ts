// SPDX-License-Identifier: Apache-2.0
// OCI images from registries that want to know who asks.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { answerImage, OCI_IMAGE, OciUser } from "../../../helpers/oci-user.ts";

let user: OciUser;
beforeEach(async () => {
  user = await OciUser.make();
});
afterEach(() => user.remove());

describe("fetchOciImage() from a registry that wants credentials", () => {
  it.each(["Bearer", "bearer", "BEARER"])(
    "IMG-07: gets a token from a challenge %s without scope, answered as access_token",
    async (scheme) => {
      const tokens = await user.serve((_request, response) => {
        response.end(JSON.stringify({ access_token: "T" }));
      });
      const server = await user.serve((request, response) => {
        if (request.headers.authorization === "Bearer T") {
          answerImage(request, response);
          return;
        }
        response.writeHead(401, {
          "www-authenticate": `${scheme} realm="${tokens.url}/t",service="r"`,
        });
        response.end();
      });
      const host = `127.0.0.1:${server.port}`;
      await user.pull(`${host}/team/app:1`, { username: "u", password: "p" });
      expect(tokens.seen).toMatchObject([
        {
          url: "/t?service=r&scope=repository%3Ateam%2Fapp%3Apull",
          headers: { authorization: `Basic ${Buffer.from("u:p").toString("base64")}` },
        },
      ]);
      expect(server.seen.slice(1).map(({ headers }) => headers.authorization)).toEqual(
        Array(4).fill("Bearer T"),
      );
    },
  );

  it("exchanges an identity token, and uses a registry token as it is", async () => {
    const tokens = await user.serve((_request, response) => response.end('{"token":"T"}'));
    const server = await user.serve((request, response) => {
      if (["Bearer T", "Bearer R"].includes(request.headers.authorization ?? "")) {
        answerImage(request, response);
        return;
      }
      response.writeHead(401, { "www-authenticate": `Bearer realm="${tokens.url}/t"` });
      response.end();
    });
    await user.pull(`127.0.0.1:${server.port}/team/app:1`, { identityToken: "I" });
    expect(tokens.seen).toMatchObject([{ method: "POST", url: "/t" }]);
    await user.pull(`127.0.0.1:${server.port}/team/app:2`, { registryToken: "R" });
    expect(tokens.seen).toHaveLength(1);
  });

  it("IMG-08: sends credentials of auth.d to the registry and not to where it redirects", async () => {
    const blobs = await user.serve((request, response) => {
      if (request.headers.authorization !== undefined || request.headers.cookie !== undefined) {
        response.writeHead(400).end();
      } else {
        answerImage(request, response);
      }
    }, "127.0.0.2");
    const authorization = `Basic ${Buffer.from("me:secret").toString("base64")}`;
    const server = await user.serve((request, response) => {
      if (request.headers.authorization !== authorization) {
        response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
      } else if (request.url.includes("/blobs/")) {
        response.writeHead(307, { location: `${blobs.url}${request.url}` }).end();
      } else {
        answerImage(request, response);
      }
    });
    const host = `127.0.0.1:${server.port}`;
    await expect(user.pull(`${host}/team/app:1`)).rejects.toThrow(
      "the registry wants credentials and there are none",
    );
    user.configure("auth.d", {
      rktKind: "dockerAuth",
      registries: [host],
      credentials: { user: "me", password: "secret" },
    });
    expect((await user.pull(`${host}/team/app:1`)).id).toBe(OCI_IMAGE.manifest.config.digest);
    expect(blobs.seen).toHaveLength(3);
  });
});
