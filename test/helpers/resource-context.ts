// SPDX-License-Identifier: Apache-2.0
// A resource's context for tests of handlers: a clock that stands still, messages that are kept.
import { tmpdir } from "node:os";
import type { ResourceContext } from "../../modules/provider/handler.ts";

export interface TestContext extends ResourceContext {
  readonly messages: string[];
}

export function resourceContext(given: Partial<ResourceContext> = {}): TestContext {
  const messages: string[] = [];
  return {
    urn: "urn:pulumi:dev::project::corefly:index:Thing::thing",
    name: "thing",
    project: "project",
    stack: "dev",
    projectDir: tmpdir(),
    stateDir: tmpdir(),
    stackDir: tmpdir(),
    cacheDir: tmpdir(),
    timeoutSeconds: 60,
    signal: new AbortController().signal,
    now: () => Date.parse("2026-11-25T00:00:00Z"),
    status: (text) => messages.push(`status: ${text}`),
    info: (text) => messages.push(`info: ${text}`),
    warn: (text) => messages.push(`warning: ${text}`),
    ...given,
    messages,
  };
}
