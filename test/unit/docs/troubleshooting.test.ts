// SPDX-License-Identifier: Apache-2.0
// The page on troubleshooting quotes our own words, and names tests that are there.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { blocksOf } from "../../helpers/docs-page.ts";

const root = resolve(import.meta.dirname, "../../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

const sections = read("docs/troubleshooting.md")
  .split(/^## (?=\d)/m)
  .slice(1)
  .map((text) => {
    const [title = ""] = text.split("\n", 1);
    const [said = "", caused = ""] = (/^Said by [\s\S]*$/m.exec(text)?.[0] ?? "").split(
      "; caused by ",
    );
    return {
      title,
      quotes: blocksOf(text)
        .filter(({ language }) => language === "text")
        .flatMap((block) => block.text.trimEnd().split("\n")),
      sources: [...said.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path),
      tests: [...caused.matchAll(/`([^`]+)`: "([^"]+)"/g)].map(([, path = "", name = ""]) => ({
        path,
        name,
      })),
    };
  });

/** The words of a quoted line that are always the same. Before a reason, behind a colon, two files may meet. */
function fixedParts(quote: string): readonly string[] {
  return quote
    .split(/…|: /)
    .map((part) => part.trim())
    .filter((part) => /\w{3}/.test(part));
}

describe("docs/troubleshooting.md", () => {
  it("has ten failures, numbered", () => {
    expect(sections.map(({ title }) => title.split(".")[0])).toEqual(
      Array.from({ length: 10 }, (_, index) => String(index + 1)),
    );
  });

  it.each(sections)("$title: quotes what the code says", ({ quotes, sources }) => {
    expect(quotes.length).toBeGreaterThan(0);
    expect(sources.filter((path) => path.startsWith("test/"))).toEqual([]);
    const code = sources.map(read).join("\n").replaceAll('\\"', '"');
    // Node's own words for an error of the kernel.
    const parts = quotes
      .flatMap(fixedParts)
      .filter((part) => !/^(ENOSPC|no space left on device)$/.test(part));
    expect(parts.join("").length).toBeGreaterThan(10);
    expect(parts.filter((part) => !code.includes(part))).toEqual([]);
  });

  it.each(sections)("$title: is caused by tests that are there", ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    const missing = tests.filter(
      ({ path, name }) => !existsSync(join(root, path)) || !read(path).includes(`"${name}"`),
    );
    expect(missing).toEqual([]);
  });
});
