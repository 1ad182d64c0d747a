// SPDX-License-Identifier: Apache-2.0
// Checks the `ignition` section: version, references to other configs, timeouts, proxy.
import type { IgnitionConfig } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";
import { isSpecVersion, neededVersion, specVersions } from "../version.ts";
import { shown, urlProblem } from "./urls.ts";

export function* checkDocument({ ignition, ...rest }: IgnitionConfig): Generator<Problem> {
  yield* checkVersion({ ignition, ...rest });
  if (ignition.config?.replace?.source != null) {
    const text = "replaces the whole config, expected merge";
    yield { code: "ReplacesConfig", path: ["ignition", "config", "replace"], text };
  }
  for (const index of (ignition.config?.merge ?? []).keys()) {
    const text = "is merged on the machine, after these checks";
    yield { code: "MergedAtBoot", path: ["ignition", "config", "merge", index], text };
  }
  for (const [name, seconds] of Object.entries(ignition.timeouts ?? {})) {
    if (typeof seconds !== "number" || seconds >= 0) continue;
    const text = `is ${seconds}, expected a number of seconds`;
    yield { code: "IllegalTimeout", path: ["ignition", "timeouts", name], text };
  }
  yield* checkProxy("httpProxy", ignition.proxy?.httpProxy);
  yield* checkProxy("httpsProxy", ignition.proxy?.httpsProxy);
}

function* checkVersion(config: IgnitionConfig): Generator<Problem> {
  const { version } = config.ignition;
  const path = ["ignition", "version"];
  if (!/^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(version)) {
    const text = `is ${JSON.stringify(version)}, expected a spec version such as "3.3.0"`;
    yield { code: "ErrInvalidVersion", path, text };
    return;
  }
  if (!isSpecVersion(version)) {
    const text = `is "${version}", expected one of ${specVersions.join(", ")}`;
    yield { code: "ErrUnknownVersion", path, text };
    return;
  }
  yield* checkFieldVersions(config);
}

function* checkFieldVersions(config: IgnitionConfig): Generator<Problem> {
  const { version } = config.ignition;
  const needed = neededVersion(config);
  if (needed <= version) return;
  const text = `is "${version}", expected at least "${needed}" for fields that the config uses`;
  yield { code: "VersionTooLow", path: ["ignition", "version"], text };
}

function* checkProxy(name: string, url: string | null | undefined): Generator<Problem> {
  if (url == null) return;
  const path: ConfigPath = ["ignition", "proxy", name];
  const problem = urlProblem(url, ["http", "https"]);
  if (problem?.code === "ErrInvalidScheme") {
    yield { code: "ErrInvalidProxy", path, text: problem.text };
  } else if (problem !== undefined) {
    yield { ...problem, path };
  } else if (name === "httpsProxy" && url.startsWith("http:")) {
    yield { code: "ErrInsecureProxy", path, text: `is ${shown(url)}, which is plain http` };
  }
}
