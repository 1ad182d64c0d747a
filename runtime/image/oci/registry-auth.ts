// SPDX-License-Identifier: Apache-2.0
// How a registry wants to be asked: Basic credentials, or a token from the server that its challenge names
// (distribution "Token Authentication Specification").
import { NetworkError, UnsupportedError } from "../../errors.ts";
import * as json from "../json.ts";
import { basic, readBody, show, statusError } from "../net/http.ts";
import type { Web } from "../net/web.ts";

/** What CRI's PullImage brings; every field may be missing or empty. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  /** base64 of `user:password`. */
  readonly auth?: string;
  /** A refresh token, which the token server exchanges. */
  readonly identityToken?: string;
  /** A token for the registry itself. */
  readonly registryToken?: string;
}

const MAX_ANSWER_BYTES = 1024 * 1024;

export class Authorizer {
  readonly #repository: string;
  readonly #web: Web;
  readonly #auth: RegistryAuth | undefined;
  #authorization: string | undefined;

  /** `repository` as the registry calls it, for the scope. */
  constructor(repository: string, web: Web, auth: RegistryAuth | undefined) {
    this.#repository = repository;
    this.#web = web;
    this.#auth = auth;
    this.#authorization = auth?.registryToken ? `Bearer ${auth.registryToken}` : undefined;
  }

  /** What the registry gets before it asked: nothing, or what it accepted last time. */
  current(_url: URL): string | undefined {
    return this.#authorization;
  }

  /** Throws NetworkError when the challenge cannot be met. */
  async answer(url: URL, header: string | undefined): Promise<string> {
    const challenge = parseChallenge(header ?? "");
    const credentials = this.#credentials(url);
    if (challenge.scheme === "basic") {
      if (credentials === undefined) {
        throw new NetworkError(
          `Cannot fetch from "${show(url)}": the registry wants credentials and there are none`,
        );
      }
      this.#authorization = credentials;
    } else if (challenge.scheme === "bearer") {
      this.#authorization = `Bearer ${await this.#token(url, challenge.parameters, credentials)}`;
    } else {
      throw new UnsupportedError(
        `Cannot fetch from "${show(url)}": the registry wants authentication "${challenge.scheme}", expected Basic or Bearer`,
      );
    }
    return this.#authorization;
  }

  /** Given with the request, else from auth.d for this host. */
  #credentials(url: URL): string | undefined {
    const { username = "", password = "", auth = "" } = this.#auth ?? {};
    if (username !== "") {
      return basic(username, password);
    }
    if (auth !== "") {
      return `Basic ${auth}`;
    }
    return this.#web.settings.authorizations.get(url.host);
  }

  async #token(
    url: URL,
    parameters: ReadonlyMap<string, string>,
    credentials: string | undefined,
  ): Promise<string> {
    const realm = URL.parse(parameters.get("realm") ?? "");
    const isAllowed =
      realm?.protocol === "https:" || (realm?.protocol === "http:" && url.protocol === "http:");
    if (realm === null || !isAllowed) {
      throw new NetworkError(
        `Cannot fetch from "${show(url)}": its token server "${parameters.get("realm") ?? ""}" is no https URL`,
      );
    }
    const scope = parameters.get("scope") ?? `repository:${this.#repository}:pull`;
    const service = parameters.get("service") ?? "";
    const refresh = this.#auth?.identityToken ?? "";
    const response =
      refresh === ""
        ? await this.#web.open(withQuery(realm, service, scope), { authorization: credentials })
        : await this.#web.open(realm, {
            authorization: undefined,
            method: "POST",
            headers: { "content-type": "application/x-www-form-urlencoded" },
            body: new URLSearchParams({
              grant_type: "refresh_token",
              refresh_token: refresh,
              client_id: "corefly",
              service,
              scope,
            }).toString(),
          });
    if (response.status !== 200) {
      throw statusError(response, `token for "${this.#repository}"`);
    }
    const text = (await readBody(response, MAX_ANSWER_BYTES)).toString("utf8");
    const place = json.parseJson(text, `token of "${show(realm)}"`);
    const token =
      json.textOr(json.field(place, "token"), "") ||
      json.textOr(json.field(place, "access_token"), "");
    if (token === "") {
      throw new NetworkError(
        `Cannot fetch from "${show(url)}": "${show(realm)}" answered without a token`,
      );
    }
    return token;
  }
}

function withQuery(realm: URL, service: string, scope: string): URL {
  const url = new URL(realm);
  if (service !== "") {
    url.searchParams.set("service", service);
  }
  for (const each of scope.split(" ")) {
    url.searchParams.append("scope", each);
  }
  return url;
}

/** `Scheme name="value",name=value`; the scheme in any case (RFC 9110 section 11.1). */
export function parseChallenge(header: string): {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
} {
  const [scheme = ""] = header.trim().split(/\s/, 1);
  const rest = header.trim().slice(scheme.length);
  const parameters = new Map(
    [...rest.matchAll(/([A-Za-z_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g)].map(
      ([, name = "", quoted, plain = ""]) =>
        [name.toLowerCase(), quoted?.replace(/\\(.)/g, "$1") ?? plain] as const,
    ),
  );
  return { scheme: scheme.toLowerCase(), parameters };
}
