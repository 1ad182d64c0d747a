// SPDX-License-Identifier: Apache-2.0
// What openUrl() sends where a redirect leads.
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type HttpOptions, openUrl } from "../../../../runtime/image/net/http.ts";
import { serve, type TestServer } from "../../../helpers/http-server.ts";

let home: TestServer;
let other: TestServer;
let status = 0;
let location = "";

beforeEach(async () => {
  other = await serve((_request, response) => response.end("there"), "127.0.0.2");
  home = await serve(({ url }, response) => {
    response.writeHead(url === "/from" ? status : 200, url === "/from" ? { location } : {}).end();
  });
});
afterEach(() => Promise.all([home, other].map((server) => server.close())));

const secret: HttpOptions = {
  method: "POST",
  body: "refresh_token=secret",
  headers: { "content-type": "application/x-www-form-urlencoded", accept: "text/plain" },
  authorization: "Basic secret",
};
const open = async (options: HttpOptions) => {
  const response = await openUrl(new URL(`${home.url}/from`), options);
  response.discard();
};
const facts = ({ seen }: TestServer) =>
  seen.map(({ method, url, headers }) => ({
    method,
    url,
    accept: headers.accept,
    type: headers["content-type"],
    size: headers["content-length"],
    authorization: headers.authorization,
  }));
const sent = {
  method: "POST",
  url: "/from",
  accept: "text/plain",
  type: "application/x-www-form-urlencoded",
  size: "20",
  authorization: "Basic secret",
};
const bare = { ...sent, method: "GET", url: "/to", type: undefined, size: undefined };

describe("openUrl(), redirected", () => {
  it.each([307, 308])("by %s, takes no body to another origin", async (code) => {
    [status, location] = [code, `${other.url}/to?t=1`];
    await expect(open(secret)).rejects.toThrow(
      `Cannot fetch "${home.url}/from": a request with a body is redirected to another server, "${other.url}/to"`,
    );
    expect(other.seen).toEqual([]);
  });

  it.each([307, 308])("by %s, repeats the body where it was meant for", async (code) => {
    [status, location] = [code, "/to"];
    await open(secret);
    expect(facts(home)).toEqual([sent, { ...sent, url: "/to" }]);
  });

  it.each([301, 302, 303])("by %s, goes on with GET and without body", async (code) => {
    [status, location] = [code, "/to"];
    await open(secret);
    expect(facts(home)).toEqual([sent, bare]);
    location = `${other.url}/to`;
    await open(secret);
    expect(facts(other)).toEqual([{ ...bare, authorization: undefined }]);
  });

  it.each([301, 302, 303, 307, 308])(
    "by %s, a GET stays one, also to another origin",
    async (code) => {
      [status, location] = [code, `${other.url}/to`];
      await open({ headers: { accept: "text/plain" } });
      expect(facts(other)).toEqual([{ ...bare, authorization: undefined }]);
    },
  );
});
