// SPDX-License-Identifier: Apache-2.0
// HTTP with this fetch's settings: credentials by host, what the user allowed, cancellation.
import { type HttpOptions, type HttpResponse, openUrl } from "./http.ts";
import type { FetchSettings } from "./settings.ts";

export interface Web {
  readonly settings: FetchSettings;
  /** Plain http where https would be wanted: --insecure-options=http. */
  readonly allowsHttp: boolean;
  readonly signal: AbortSignal | undefined;
  open(url: URL, options?: HttpOptions): Promise<HttpResponse>;
}

export function webOf(
  settings: FetchSettings,
  insecure: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Web {
  return {
    settings,
    allowsHttp: insecure.has("http"),
    signal,
    open: (url, options = {}) =>
      openUrl(url, {
        authorization: settings.authorizations.get(url.host),
        insecureTls: insecure.has("tls"),
        allowHttp: insecure.has("http"),
        signal,
        ...options,
      }),
  };
}
