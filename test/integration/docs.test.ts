// SPDX-License-Identifier: Apache-2.0
// Every page's commands run, in order, with the real programs, and print what the page shows; its files are parsed and its
// programs are type-checked. The convention is that of test/helpers/docs-page.ts.
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { installRuntime, type Printed, runPage, type Step } from "../helpers/docs-machine.ts";
import { type Block, blocksOf, commandsOf, isAsShown, type Shown } from "../helpers/docs-page.ts";
import { run } from "../helpers/program.ts";

jest.setTimeout(90_000);

const root = resolve(import.meta.dirname, "../..");

/** Page → commands that cannot run here, by the first of their block, with the reason that the page gives. */
const NOT_RUN: Readonly<Record<string, readonly string[]>> = {
  "README.md": ["make up (boots a machine; the end-to-end tests do it)"],
  "docs/artifacts.md": [
    "node_modules/.bin/node modules/provider/build/main.ts lock [NAME...] (builds everything anew, and changes the checkout)",
  ],
  "docs/cli.md": [
    "corefly run --stage1=fly --uuid-file-save=/run/corefly/kubelet.uuid \\ (the kubelet of a node; the end-to-end tests run it)",
  ],
  "docs/cri.md": [
    "crictl ps -a; crictl pods; crictl stats; crictl images (needs a node; above are commands that run)",
  ],
  "docs/lab.md": [
    "cd .state/stacks/dev/nodes/lab-controller-0 (needs a node; the page on troubleshooting has commands that run)",
  ],
  "examples/README.md": ["make prerequisites (stands up a machine; a test previews each example)"],
  "examples/own-stack/README.md": [
    "make prerequisites (stands up a machine; a test previews each example)",
  ],
  "examples/single-node/README.md": [
    "make prerequisites (stands up a machine; a test previews each example)",
    "umask 077 (needs the cluster that the block before stands up)",
  ],
};

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "docs",
  "docs/decisions",
  "examples",
  "modules/ignition-config-types",
]
  .flatMap((place) => (place.endsWith(".md") ? [place] : markdown(place)))
  .sort();

const runtimes = mkdtempSync(join(tmpdir(), "docs-runtime-"));
beforeAll(async () => {
  for (const name of ["none", "installed"]) mkdirSync(join(runtimes, name));
  await installRuntime(join(runtimes, "installed"));
});
afterAll(() => rmSync(runtimes, { recursive: true }));

function markdown(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: folder === "examples", encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function blocks(page: string): readonly Block[] {
  return blocksOf(readFileSync(join(root, page), "utf8"));
}

const isRun = ({ language, note }: Block): boolean =>
  language === "console" && !note.startsWith("not run: ");

type PageStep = Step & { readonly shown?: Shown };

/** What a page does to the machine: its commands, and the files that it names. */
function stepsOf(page: string): readonly PageStep[] {
  return blocks(page).flatMap((block): readonly PageStep[] => {
    if (isRun(block)) return commandsOf(block).map((shown) => ({ command: shown.command, shown }));
    const isFile = block.language !== "console" && block.note !== "";
    return isFile ? [{ file: block.note, text: block.text }] : [];
  });
}

describe.each(pages.filter((page) => stepsOf(page).length > 0))("%s", (page) => {
  const steps = stepsOf(page);
  const shown = steps.flatMap((step) => step.shown ?? []);
  let printed: readonly Printed[];

  beforeAll(async () => {
    // A page that installs the runtime finds nothing of it.
    const installs = shown.some(({ command }) => command === "make install");
    printed = await runPage(steps, join(runtimes, installs ? "none" : "installed"));
  });

  it.each(shown.map((each, index) => ({ ...each, index })))(
    "line $line: $command",
    ({ output, command, index }) => {
      const { text, exitCode } = printed[index] ?? { text: "was not reached", exitCode: -1 };
      if (!isAsShown(output, text)) {
        expect(`$ ${command}\n${text}`).toBe(`$ ${command}\n${output.join("\n")}\n`);
      }
      if (shown[index + 1]?.command !== "echo $?") {
        expect([command, exitCode, text]).toEqual([command, 0, text]);
      }
    },
  );
});

describe("documentation", () => {
  const all = pages.flatMap((page) => blocks(page).map((block) => ({ page, ...block })));
  const at = ({ page, line }: { readonly page: string; readonly line: number }) =>
    `${page}:${line}`;

  it("runs every command but those that cannot run here", () => {
    const notRun = all.filter((block) => block.language === "console" && !isRun(block));
    const found = Object.groupBy(notRun, ({ page }) => page);
    expect(
      Object.fromEntries(
        Object.entries(found).map(([page, list]) => [
          page,
          list?.map((block) => {
            const [first] = commandsOf(block)[0]?.command.split("\n") ?? [];
            return `${first} (${block.note.slice("not run: ".length)})`;
          }),
        ]),
      ),
    ).toEqual(NOT_RUN);
  });

  it("has blocks of these kinds only, and no commands outside of console blocks", () => {
    const kinds = ["console", "json", "yaml", "ts", "text"];
    const others = all.filter(({ language }) => !kinds.includes(language));
    expect(others.map(at)).toEqual([]);
    const commands = all.filter(
      ({ language, text }) =>
        language === "text" && /^(?:[$#] |(?:corefly|crictl|make|kubectl) )/m.test(text),
    );
    expect(commands.map(at)).toEqual([]);
    const indented = pages.flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\n\n {4}\S.*/g)].map(
        ([text]) => `${page}:${text.trimEnd()}`,
      ),
    );
    expect(indented).toEqual([]);
  });

  it("has JSON and YAML that can be parsed", () => {
    expect(
      all.flatMap((block) => parseErrors(block).map((message) => `${at(block)}: ${message}`)),
    ).toEqual([]);
  });

  it("has programs that the compiler accepts", async () => {
    const programs = all.filter(({ language }) => language === "ts");
    expect(programs.length).toBeGreaterThan(5);
    const folder = mkdtempSync(join(tmpdir(), "docs-types-"));
    try {
      // Pages import from `../corefly`, a checkout beside their program, or from `../modules`, as docs itself.
      symlinkSync(root, join(folder, "corefly"));
      for (const name of ["modules", "node_modules"]) {
        symlinkSync(join(root, name), join(folder, name));
      }
      mkdirSync(join(folder, "programs"));
      for (const { page, line, text } of programs) {
        const name = `${page.replaceAll("/", "-")}-line-${line}.ts`;
        writeFileSync(join(folder, "programs", name), text);
      }
      // An excerpt may end before it uses what it makes.
      const compilerOptions = { noUnusedLocals: false };
      const options = {
        extends: join(root, "tsconfig.json"),
        compilerOptions,
        include: ["programs"],
      };
      writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
      writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
      const tsc = join(root, "node_modules/.bin/tsc");
      const { exitCode, stdout, stderr } = await run(tsc, ["-p", folder], { cwd: folder });
      expect([exitCode, stdout, stderr]).toEqual([0, "", ""]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

function parseErrors({ language, text }: Block): readonly string[] {
  if (language === "yaml") {
    return parseAllDocuments(text).flatMap(({ errors }) => errors.map(({ message }) => message));
  }
  if (language !== "json") return [];
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    return [String(error)];
  }
}
