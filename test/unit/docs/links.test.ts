// SPDX-License-Identifier: Apache-2.0
// What the documents point to is there: files, headings, make targets.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";

const root = resolve(import.meta.dirname, "../../..");

/** README files everywhere, and everything in docs. */
const documents = [".", "docs", "examples", "infra", "modules", "runtime", "test"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: folder !== ".", encoding: "utf8" })
      .filter((name) => name.endsWith(".md") && !name.includes("node_modules"))
      .map((name) => join(folder, name)),
  )
  .sort();

interface Mention {
  readonly document: string;
  readonly line: number;
  readonly what: string;
}

/** Every match of `pattern` in the documents; fenced code counts only if asked for. */
function mentions(pattern: RegExp, { code }: { readonly code: boolean }): readonly Mention[] {
  return documents.flatMap((document) => {
    let inFence = false;
    return readFileSync(join(root, document), "utf8")
      .split("\n")
      .flatMap((text, index) => {
        if (text.startsWith("```")) inFence = !inFence;
        if (inFence && !code) return [];
        return [...text.matchAll(pattern)].map(([, what = ""]) => ({
          document,
          line: index + 1,
          what,
        }));
      });
  });
}

function show({ document, line, what }: Mention): string {
  return `${document}:${line}: ${what}`;
}

/** GitHub's anchors: lower case, spaces to hyphens, punctuation dropped. */
function anchors(path: string): readonly string[] {
  return [...readFileSync(path, "utf8").matchAll(/^#+ +(.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-"),
  );
}

function isThere({ document, what }: Mention): boolean {
  const [path = "", anchor] = what.split("#");
  const target = path === "" ? join(root, document) : resolve(root, dirname(document), path);
  if (relative(root, target).startsWith("..") || !existsSync(target)) return false;
  return anchor === undefined || (statSync(target).isFile() && anchors(target).includes(anchor));
}

describe("documents", () => {
  it("link to files and headings that exist", () => {
    const links = mentions(/\]\(([^)\s]+)\)/g, { code: false });
    const local = links.filter(({ what }) => !/^[a-z]+:/.test(what));
    expect(local.length).toBeGreaterThan(10);
    expect(local.filter((link) => !isThere(link)).map(show)).toEqual([]);
  });

  it("name make targets that exist", () => {
    const makefile = readFileSync(join(root, "Makefile"), "utf8");
    const targets = [...makefile.matchAll(/^([a-z][a-z-]*):/gm)].map(([, target]) => target);
    const named = mentions(/(?:^|[`\s])make ([a-z][a-z-]*)(?=[`\s,.]|$)/g, { code: true }).filter(
      ({ document, line, what }) => isCommand(document, line, what),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ what }) => !targets.includes(what)).map(show)).toEqual([]);
  });

  it("name files of the repository that exist", () => {
    const pattern =
      /`((?:runtime|modules|infra|examples|test|docs)\/[\w./-]+\.(?:ts|json|md|yaml|sh|proto))`/g;
    const missing = mentions(pattern, { code: false }).filter(
      ({ what }) => !existsSync(join(root, what)),
    );
    expect(missing.map(show)).toEqual([]);
  });

  it("run TypeScript on the project's own Node: the workstation's may be too old", () => {
    const bare = mentions(/(?<![\w/])node (\S+\.ts)/g, { code: true });
    expect(bare.map(show)).toEqual([]);
  });

  it("are all reached from the README", () => {
    const seen = new Set<string>();
    const queue = ["README.md"];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (seen.has(next)) continue;
      seen.add(next);
      const text = readFileSync(join(root, next), "utf8");
      for (const [, link = ""] of text.matchAll(/\]\(([^)#\s]+)/g)) {
        if (/^[a-z]+:/.test(link)) continue;
        const target = relative(root, resolve(root, dirname(next), link));
        const page = target.endsWith(".md") ? target : join(target, "README.md");
        if (existsSync(join(root, page))) queue.push(page);
      }
    }
    const pages = documents.filter((document) => document.startsWith("docs/"));
    expect(pages.filter((page) => !seen.has(page))).toEqual([]);
  });
});

/** `make` is also a word: a command stands in backticks, or in a block of code. */
function isCommand(document: string, line: number, target: string): boolean {
  const text = readFileSync(join(root, document), "utf8").split("\n")[line - 1] ?? "";
  return /^( {4}|\t)/.test(text) || text.includes(`\`make ${target}`);
}
