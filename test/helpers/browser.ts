// SPDX-License-Identifier: Apache-2.0
// A headless Chromium, spoken to over a pipe (no port), as much of it as tests of pages need.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

type Fields = Readonly<Record<string, unknown>>;

/** How a page is looked at. */
export interface View {
  readonly width: number;
  readonly height?: number;
  readonly media?: "screen" | "print";
  readonly features?: Readonly<Record<string, string>>;
  /** As somebody sees it who sees no colours. */
  readonly grey?: boolean;
}

export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #input: Writable;
  readonly #waiting = new Map<number, (answer: Fields) => void>();
  readonly #listeners = new Set<(event: Fields) => void>();
  #last = 0;
  #said = "";

  private constructor(process: ChildProcess, profile: string) {
    this.#process = process;
    this.#profile = profile;
    const [, , errors, input, output] = process.stdio as unknown as [
      null,
      null,
      Readable,
      Writable,
      Readable,
    ];
    this.#input = input;
    errors.on("data", (chunk: Buffer) => {
      this.#said += chunk.toString();
    });
    let rest = "";
    output.on("data", (chunk: Buffer) => {
      const messages = (rest + chunk.toString()).split("\0");
      rest = messages.pop() ?? "";
      for (const message of messages) this.#take(JSON.parse(message) as Fields);
    });
  }

  static async launch(): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), "corefly-browser-"));
    const child = spawn(
      "chromium-headless-shell",
      [
        "--remote-debugging-pipe",
        // Its sandbox wants a user that is not root.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-proxy-server",
        `--user-data-dir=${profile}`,
      ],
      {
        stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
        env: { ...process.env, HOME: profile },
      },
    );
    const browser = new Browser(child, profile);
    await browser.#call("Target.setDiscoverTargets", { discover: false });
    return browser;
  }

  /** Opens a file. */
  async open(path: string, view: View): Promise<Page> {
    const { targetId } = await this.#call("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#call("Target.attachToTarget", { targetId, flatten: true });
    const session = String(sessionId);
    const call = (method: string, params: Fields = {}) => this.#call(method, params, session);
    const requests: string[] = [];
    const loaded = new Promise<void>((resolve) => {
      this.#listeners.add((event) => {
        if (event["sessionId"] !== session) return;
        const { request } = event["params"] as { request?: { url: string } };
        if (event["method"] === "Network.requestWillBeSent") requests.push(request?.url ?? "");
        if (event["method"] === "Page.loadEventFired") resolve();
      });
    });
    await call("Page.enable");
    await call("Network.enable");
    const page = new Page(call, requests);
    await page.look(view);
    const url = pathToFileURL(path).href;
    await call("Page.navigate", { url });
    await loaded;
    return page;
  }

  async close(): Promise<void> {
    const ended = once(this.#process, "exit");
    await this.#call("Browser.close", {});
    await ended;
    rmSync(this.#profile, { recursive: true, force: true });
  }

  #call(method: string, params: Fields, sessionId?: string): Promise<Fields> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error(`${method}: Chromium ended: ${this.#said.slice(-500)}`));
      const failed = (error: Error) =>
        reject(new Error(`${method}: ${error.message}`, { cause: error }));
      this.#process.once("exit", ended);
      this.#process.once("error", failed);
      this.#waiting.set(id, (answer) => {
        this.#process.off("exit", ended);
        this.#process.off("error", failed);
        if (answer["error"] === undefined) resolve(answer["result"] as Fields);
        else reject(new Error(`${method}: ${JSON.stringify(answer["error"])}`));
      });
      this.#input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }

  #take(message: Fields): void {
    const { id } = message;
    if (typeof id !== "number") {
      for (const listener of this.#listeners) listener(message);
      return;
    }
    this.#waiting.get(id)?.(message);
    this.#waiting.delete(id);
  }
}

export class Page {
  readonly #call: (method: string, params?: Fields) => Promise<Fields>;
  /** Everything that was asked for, the page itself first. */
  readonly requests: readonly string[];

  constructor(
    call: (method: string, params?: Fields) => Promise<Fields>,
    requests: readonly string[],
  ) {
    this.#call = call;
    this.requests = requests;
  }

  async look({ width, height = 800, media = "screen", features = {}, grey = false }: View) {
    await this.#call("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 600,
    });
    await this.#call("Emulation.setEmulatedMedia", {
      media,
      features: Object.entries(features).map(([name, value]) => ({ name, value })),
    });
    await this.#call("Emulation.setEmulatedVisionDeficiency", {
      type: grey ? "achromatopsia" : "none",
    });
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#call("Runtime.evaluate", {
      expression,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value: T }).value;
  }

  /** The whole page as PNG. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(String(data), "base64");
  }
}
