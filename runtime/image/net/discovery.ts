// SPDX-License-Identifier: Apache-2.0
// Meta discovery of appc (spec "App Container Image Discovery"): from the name of an image to the URL of its ACI or of keys.
import { NotFoundError, UnsupportedError } from "../../errors.ts";
import { readBody } from "./http.ts";
import { mirrored, mirrorFor } from "./settings.ts";
import type { Web } from "./web.ts";

/** What discovery looks for: `ac-discovery` of images or `ac-discovery-pubkeys`. */
export type DiscoveryTag = "ac-discovery" | "ac-discovery-pubkeys";

const MAX_PAGE_BYTES = 1024 * 1024;

/**
 * The templates or URLs that the page of `name`, or of the nearest name above it that has any, states for a prefix of `name`.
 * Throws NotFoundError when no page has one.
 */
export async function discover(
  name: string,
  tag: DiscoveryTag,
  web: Web,
): Promise<readonly string[]> {
  const parts = name.split("/");
  const tried: string[] = [];
  for (let length = parts.length; length > 0; length -= 1) {
    const above = parts.slice(0, length).join("/");
    const url = pageOf(above, web);
    const found = await readPage(url, name, tag, web);
    if (typeof found !== "string" && found.length > 0) {
      return found;
    }
    tried.push(typeof found === "string" ? `${above}: ${found}` : `${above}: no tag`);
  }
  throw new NotFoundError(
    `Cannot discover image "${name}": no meta tag "${tag}" for it (${tried.join("; ")})`,
  );
}

/** Fills a template. undefined when it asks for something that is not known: then another template counts. */
export function fillTemplate(
  template: string,
  values: Readonly<Record<string, string>>,
): string | undefined {
  const filled = template.replace(/\{([a-z]+)\}/g, (whole, key: string) => values[key] ?? whole);
  return /[{}]/.test(filled) ? undefined : filled;
}

/** Tags of a page as (prefix, rest) whose prefix is the name or a whole path above it. */
export function tagsOf(html: string, tag: DiscoveryTag, name: string): readonly string[] {
  const tags = html.match(/<meta\s[^>]*>/gi) ?? [];
  return tags.flatMap((text) => {
    if (attribute(text, "name") !== tag) {
      return [];
    }
    const [prefix = "", template = ""] = (attribute(text, "content") ?? "").trim().split(/\s+/);
    const isOf = name === prefix || name.startsWith(`${prefix}/`);
    return isOf && template !== "" ? [template] : [];
  });
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, "i").exec(
    tag,
  );
  const value = found?.[1] ?? found?.[2] ?? found?.[3];
  return value?.replaceAll("&amp;", "&").replaceAll("&quot;", '"');
}

function pageOf(name: string, web: Web): URL {
  const mirror = mirrorFor(name, web.settings.mirrors);
  const url =
    mirror === undefined
      ? new URL(`${web.allowsHttp ? "http" : "https"}://${name}`)
      : mirrored(name, mirror);
  url.searchParams.set("ac-discovery", "1");
  return url;
}

/** The tags, or why there is no page. */
async function readPage(
  url: URL,
  name: string,
  tag: DiscoveryTag,
  web: Web,
): Promise<readonly string[] | string> {
  try {
    const response = await web.open(url);
    if (response.status !== 200) {
      response.discard();
      return `HTTP status ${response.status}`;
    }
    return tagsOf((await readBody(response, MAX_PAGE_BYTES)).toString("utf8"), tag, name);
  } catch (error) {
    web.signal?.throwIfAborted();
    if (error instanceof UnsupportedError) {
      throw error;
    }
    return error instanceof Error
      ? error.message.replace(/^Cannot fetch "[^"]*": /, "")
      : String(error);
  }
}
