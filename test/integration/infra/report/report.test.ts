// SPDX-License-Identifier: Apache-2.0
// The report of a recorded start, as browsers show it: on a phone, on a desk, dark, without colours, on paper.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { patterns } from "../../../../infra/report/plan/chart.ts";
import { page as pageHtml } from "../../../../infra/report/plan/page.ts";
import { STYLE } from "../../../../infra/report/plan/style.ts";
import type { PhaseName, Timeline } from "../../../../infra/report/plan/timeline.ts";
import { Browser, type Page, type View } from "../../../helpers/browser.ts";
import { readPng } from "../../../helpers/png.ts";
import { run } from "../../../helpers/program.ts";
import { NODE, recordedState } from "../../../helpers/recorded-state.ts";

const root = resolve(import.meta.dirname, "../../../..");
const PHASES = ["kernel", "Ignition", "runtime", "images", "kubelet", "API server", "Ready"];
const ALL: readonly PhaseName[] = ["firmware", ...PHASES] as readonly PhaseName[];

const VIEWS: Readonly<Record<string, View>> = {
  "a phone": { width: 375 },
  "a phone in the dark": { width: 375, features: { "prefers-color-scheme": "dark" } },
  "a desk": { width: 1280 },
  "a desk in the dark": { width: 1280, features: { "prefers-color-scheme": "dark" } },
  "forced colours": { width: 1280, features: { "forced-colors": "active" } },
  "black and white": { width: 1280, grey: true },
  paper: { width: 794, media: "print" },
};

let folder: string;
let browser: Browser;
let report: string;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "corefly-report-"));
  const { stackDir } = recordedState(folder);
  report = join(stackDir, "report.html");
  const made = await makeReport("dev");
  expect(made).toMatchObject({ exitCode: 0, stderr: "" });
  expect(made.stdout).toMatch(/^lab-controller-0: Ready after 5 min 38 s\n.*report\.html\n$/);
  browser = await Browser.launch();
  page = await browser.open(report, { width: 375 });
}, 60_000);

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function makeReport(stack: string) {
  const args = ["--disable-warning=ExperimentalWarning", "infra/report/main.ts", "--stack", stack];
  return run(process.execPath, args, { cwd: root, env: { COREFLY_STATE: folder } });
}

describe("make report", () => {
  it("writes a file for the stack's owner only, which needs nothing else", () => {
    expect(statSync(report).mode & 0o777).toBe(0o600);
    expect(page.requests).toEqual([`file://${report}`]);
  });

  it("says what is wrong where there is no node", async () => {
    expect(await makeReport("nobodys")).toMatchObject({
      exitCode: 1,
      stderr: 'corefly: Cannot write a report of stack "nobodys": it has no nodes\n',
    });
  });

  it("draws a start that came to no end", async () => {
    const { stateDir, nodeDir } = recordedState(join(folder, "unfinished"));
    writeFileSync(join(stateDir, "pulumi/.pulumi/stacks/corefly/dev.json"), "{}");
    const args = ["--disable-warning=ExperimentalWarning", "infra/report/main.ts"];
    const { stdout } = await run(process.execPath, args, {
      cwd: root,
      env: { COREFLY_STATE: stateDir },
    });
    expect(stdout).toMatch(/^lab-controller-0: Not ready after .*: API server has not ended\n/);
    const html = readFileSync(join(nodeDir, "../../report.html"), "utf8");
    expect(html).toContain('<span class="tag">not ended</span>');
  });
});

describe("report.html", () => {
  it("has the phases of the node in their order, one after the other on the axis", async () => {
    expect(await page.evaluate("document.querySelector('h2').textContent")).toBe(NODE);
    const bars = await page.evaluate<readonly (readonly [string, number, number])[]>(
      `[...document.querySelectorAll(".phase")].map((phase) => {
        const { left, right } = phase.querySelector("rect").getBoundingClientRect();
        return [phase.querySelector(".name").firstChild.textContent, left, right];
      })`,
    );
    expect(bars.map(([name]) => name)).toEqual(PHASES);
    for (const [index, [, left]] of bars.entries()) {
      expect(Math.abs(left - (bars[index - 1]?.[2] ?? left))).toBeLessThan(1);
    }
    expect(bars.at(-1)?.[2]).toBeCloseTo(375 - 16, 0);
  });

  it("names what took long, what failed, and what was fetched", async () => {
    const text = await page.evaluate<string>("document.body.innerText");
    for (const part of [
      "corefly-install.service",
      "image kubernetes-v1.37.2-linux-amd64.aci",
      "pod kube-proxy-jfgvd",
      "container kube-controller-manager",
      'serviceaccount "default" not found',
      "From the mirror: 455 MB in 9 transfers",
    ]) {
      expect(text).toContain(part);
    }
  });

  it.each(Object.entries(VIEWS))("fits and can be read: %s", async (_name, view) => {
    await page.look(view);
    const { overflow, small, pale, clash } = await page.evaluate<Look>(`(${look})()`);
    expect(overflow).toEqual([]);
    expect(small).toEqual([]);
    expect(pale).toEqual([]);
    expect(clash).toEqual([]);
  });
});

describe("bars", () => {
  // Without colours they must look different. Each is long enough here to see what fills it.
  it.each(["light", "dark"])("differ in black and white, %s", async (scheme) => {
    const path = join(folder, "bars.html");
    writeFileSync(path, pageHtml({ stack: "dev", nodes: [{ timeline: even(), transfers: [] }] }));
    const features = { "prefers-color-scheme": scheme };
    const bars = await browser.open(path, { width: 1280, grey: true, features });
    const image = readPng(await bars.screenshot());
    const places = await bars.evaluate<readonly Box[]>(
      `[...document.querySelectorAll(".phase rect")].map((bar) => {
        const { left, top, width, height } = bar.getBoundingClientRect();
        return { left: left + scrollX, top: top + scrollY, width, height };
      })`,
    );
    const looks = places.map((place) => texture(image, place));
    expect(looks).toHaveLength(ALL.length);
    for (const [index, one] of looks.entries()) {
      for (const other of looks.slice(index + 1)) {
        const distance = Math.hypot(...one.map((value, axis) => value - (other[axis] ?? 0)));
        expect(distance).toBeGreaterThan(0.08);
      }
    }
  });

  it("have their patterns from the page itself", () => {
    expect(patterns()).not.toContain("href");
    expect(STYLE).not.toMatch(/url\(/);
  });
});

interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Look {
  readonly overflow: readonly string[];
  readonly small: readonly string[];
  readonly pale: readonly string[];
  readonly clash: readonly string[];
}

/** Runs in the page: what sticks out, is smaller than 12 pixels, has too little contrast, or lies on something else. */
function look(): Look {
  // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
  const { document, getComputedStyle, innerWidth } = globalThis as any;
  const elements = [...document.querySelectorAll("body *")].filter(
    // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
    (element: any) => element.closest("defs, style") === null,
  );
  // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
  const name = (element: any): string =>
    `${element.tagName} ${element.getAttribute("class") ?? ""} ${element.textContent.slice(0, 40)}`;
  // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
  const speaks = (element: any): boolean =>
    // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
    [...element.childNodes].some((node: any) => node.nodeType === 3 && node.data.trim() !== "");
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
      const value = Number(part) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
  const contrast = (element: any): number => {
    const style = getComputedStyle(element);
    const ink = luminance(element.tagName === "text" ? style.fill : style.color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  };
  const spoken = elements.filter(speaks);
  const rows = [...document.querySelectorAll(".row")];
  return {
    overflow: [
      ...(document.documentElement.scrollWidth > innerWidth ? ["the page"] : []),
      ...elements
        // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
        .filter((element: any) => {
          const { left, right } = element.getBoundingClientRect();
          return left < -1 || right > innerWidth + 1;
        })
        .map(name),
    ],
    // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
    small: spoken.filter((each: any) => parseFloat(getComputedStyle(each).fontSize) < 12).map(name),
    // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
    pale: spoken.filter((each: any) => contrast(each) < 4.5).map(name),
    clash: rows
      .filter((row) => {
        // biome-ignore lint/suspicious/noExplicitAny: the tests have no types of browsers
        const boxes = [...row.children].map((child: any) => child.getBoundingClientRect());
        return boxes.some((one, index) =>
          boxes
            .slice(index + 1)
            .some(
              (other) =>
                one.left < other.right - 1 &&
                other.left < one.right - 1 &&
                one.top < other.bottom - 1 &&
                other.top < one.bottom - 1,
            ),
        );
      })
      .map(name),
  };
}

/** A start whose phases take equally long. */
function even(): Timeline {
  const phases = ALL.map((name, index) => ({
    name,
    startMs: index * 10_000,
    endMs: (index + 1) * 10_000,
    ended: true,
    parts: [],
  }));
  return {
    node: NODE,
    startedAtMs: 0,
    totalMs: 80_000,
    ready: true,
    phases,
    troubles: [],
    starts: 1,
  };
}

/** How much of a bar is ink, and how often that changes from left to right and from top to bottom; each from 0 to 1. */
function texture(image: ReturnType<typeof readPng>, box: Box): readonly number[] {
  const [x0, y0] = [Math.ceil(box.left) + 3, Math.ceil(box.top) + 3];
  const [columns, rows] = [Math.floor(box.width) - 6, Math.floor(box.height) - 6];
  const values = Array.from({ length: rows }, (_, y) =>
    Array.from({ length: columns }, (_, x) => {
      const [red, green, blue] = image.pixel(x0 + x, y0 + y);
      // Else the test would see colours.
      if (Math.max(red, green, blue) - Math.min(red, green, blue) > 2) return Number.NaN;
      return red / 255;
    }),
  );
  const mean = (numbers: readonly number[]) =>
    numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const steps = (dx: number, dy: number) =>
    values
      .slice(dy)
      .flatMap((row, y) =>
        row.slice(dx).map((value, x) => Math.abs(value - (values[y]?.[x] ?? value))),
      );
  return [mean(values.flat()), mean(steps(1, 0)), mean(steps(0, 1)), mean(steps(1, 1))];
}
