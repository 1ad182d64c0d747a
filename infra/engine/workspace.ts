// SPDX-License-Identifier: Apache-2.0
// Where a project's stacks live on this workstation: a local backend, a Pulumi home and a passphrase of their own.
// Nothing of the user's own Pulumi is read or written.

import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import {
  type Environment,
  LANGUAGE_HOST,
  LANGUAGE_HOST_VARIABLE,
  type PulumiCli,
} from "./pulumi-cli.ts";

export interface PlaceOptions {
  /** Folder with Pulumi.yaml. */
  readonly projectDir: string;
  /** Default: $COREFLY_STATE, else `.state` in the project. */
  readonly stateDir?: string | undefined;
  readonly environment: Environment;
}

export interface WorkspaceOptions extends PlaceOptions {
  readonly cli: PulumiCli;
}

/** Where a project has its stacks, whether there are any or not. */
export interface Place {
  readonly projectDir: string;
  readonly project: string;
  readonly stateDir: string;
  /** Folder of the file backend. */
  readonly backendDir: string;
}

export interface Workspace extends Place {
  readonly cli: PulumiCli;
  /** Everything that a `pulumi` of this workspace gets. */
  readonly environment: Environment;
}

/** Finds the place. Needs no Pulumi, and makes nothing. */
export function findPlace(options: PlaceOptions): Place {
  const projectDir = resolve(options.projectDir);
  const project = projectName(projectDir);
  const stateDir = stateDirOf({ ...options, projectDir });
  return { projectDir, project, stateDir, backendDir: join(stateDir, "pulumi") };
}

/** Prepares the folders and the passphrase. Idempotent. */
export function openWorkspace(options: WorkspaceOptions): Workspace {
  const place = findPlace(options);
  const { stateDir, backendDir } = place;
  mkdirSync(join(backendDir, "home"), { recursive: true, mode: 0o700 });
  const passphrase = join(stateDir, "passphrase");
  createPassphrase(passphrase);
  const environment: Environment = {
    ...withoutPulumi(options.environment),
    PATH: [dirname(options.cli.path), options.environment["PATH"]].filter(Boolean).join(delimiter),
    [LANGUAGE_HOST_VARIABLE]: LANGUAGE_HOST,
    COREFLY_STATE: stateDir,
    PULUMI_HOME: join(backendDir, "home"),
    PULUMI_BACKEND_URL: `file://${backendDir}`,
    PULUMI_CONFIG_PASSPHRASE_FILE: passphrase,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SUPPRESS_COPILOT_LINK: "true",
    PULUMI_SUPPRESS_NEO_LINK: "true",
  };
  return { ...place, cli: options.cli, environment };
}

/** Whether the stack is in the backend. */
export function stackExists(place: Place, stack: string): boolean {
  return existsSync(statePath(place, stack));
}

/** The file of the backend that holds the stack's state. */
export function statePath({ backendDir, project }: Place, stack: string): string {
  return join(backendDir, ".pulumi/stacks", project, `${stack}.json`);
}

function stateDirOf({ stateDir, environment, projectDir }: PlaceOptions): string {
  return resolve(stateDir ?? (environment["COREFLY_STATE"] || join(projectDir, ".state")));
}

/** The name in Pulumi.yaml. */
export function projectName(projectDir: string): string {
  const path = join(projectDir, "Pulumi.yaml");
  if (!existsSync(path)) {
    throw new Error(`Cannot open project: found no Pulumi.yaml in "${projectDir}", expected one`);
  }
  const content: unknown = parse(readFileSync(path, "utf8"));
  const name =
    typeof content === "object" && content !== null && "name" in content ? content.name : undefined;
  if (typeof name !== "string" || name === "") {
    throw new Error(`Cannot open project: found no name in "${path}", expected one`);
  }
  return name;
}

function createPassphrase(path: string): void {
  if (existsSync(path)) return;
  try {
    writeFileSync(path, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    // Another run was faster: its passphrase counts.
    if (!existsSync(path)) throw error;
  }
}

// The user's own backend, token, passphrase and home must not leak in; options of commands may.
function withoutPulumi(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name]) => !name.startsWith("PULUMI_") || name.startsWith("PULUMI_OPTION_"),
    ),
  );
}
