// SPDX-License-Identifier: Apache-2.0
// What pages say in passing, `corefly VERB --flag` in the running text, names verbs and flags that exist.
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { findVerb } from "../../../runtime/cli/dispatch.ts";
import { splitFlag } from "../../../runtime/cli/flags.ts";
import { GLOBAL_FLAGS } from "../../../runtime/cli/globals.ts";
import { APP_FLAGS } from "../../../runtime/cli/run-flags.ts";
import { VERBS } from "../../../runtime/cli/verbs.ts";

const root = resolve(import.meta.dirname, "../../..");
const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];

/** Commands in the running text: `corefly …` in backticks. */
const commands = pages
  .filter((page) => page.endsWith(".md"))
  .flatMap((page) =>
    [...readFileSync(join(root, page), "utf8").matchAll(/`(corefly [^`\n]+)`/g)].map(
      ([, command = ""]) => ({ page, command }),
    ),
  );

/** Why a command would not be understood. */
async function problem(command: string): Promise<string | undefined> {
  const words = command.split(/\s+/).slice(1);
  // Behind `--` stand the app's arguments.
  const own = words.slice(0, words.includes("--") ? words.indexOf("--") : words.length);
  if (own[0] === "help") return undefined;
  try {
    const found = findVerb(VERBS, own);
    if (found === undefined) return "no verb";
    const { verb } = await found.entry.load();
    const flags = [
      ...GLOBAL_FLAGS,
      ...(verb.flags ?? []),
      ...(verb.name === "run" ? APP_FLAGS : []),
    ];
    const unknown = own
      .filter((word) => word.startsWith("--"))
      .filter((word) => !flags.some(({ name }) => name === splitFlag(word).name));
    return unknown.length === 0 ? undefined : `unknown ${unknown.join(", ")}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe("documentation", () => {
  it("names verbs and flags of the command line that exist", async () => {
    expect(commands.length).toBeGreaterThan(30);
    const problems = await Promise.all(
      commands.map(async ({ page, command }) => {
        const found = await problem(command);
        return found === undefined ? [] : [`${page}: ${command}: ${found}`];
      }),
    );
    expect(problems.flat()).toEqual([]);
  });
});
