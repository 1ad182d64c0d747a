// SPDX-License-Identifier: Apache-2.0
// Images in place of those that critest pulls: the same names, users, ports and programs as far as a spec looks at them,
// each made of busybox and written by our own image writer.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { coreflyAsync } from "../corefly.ts";
import type { TestRegistry } from "../registry.ts";
import { busyboxFiles, type ImageFile, script, setUserIdProgram } from "./files.ts";

interface StandIn {
  readonly repository: string;
  readonly tags: readonly string[];
  readonly app?: object;
  readonly files?: readonly ImageFile[];
}

const E2E = "e2e-test-images";
const CRI_TOOLS = "k8s-staging-cri-tools";
/** `${architecture}` as Go has it: the name is made from it in critest. */
const GOARCH = process.arch === "x64" ? "amd64" : process.arch;

/** Repositories without their registry's host: all hosts are mirrored to one place. */
const STAND_INS: readonly StandIn[] = [
  { repository: `${E2E}/busybox`, tags: ["1.29-2"] },
  { repository: `${E2E}/nginx`, tags: ["1.14-2"], ...webServer(80) },
  { repository: `${E2E}/httpd`, tags: ["2.4.39-4"], ...webServer(80) },
  { repository: `${E2E}/nonewprivs`, tags: ["1.3"], ...setUserId() },
  { repository: `${CRI_TOOLS}/hostnet-nginx-${GOARCH}`, tags: ["latest"], ...webServer(12_003) },
  { repository: "pause", tags: ["3.9"], app: { exec: ["/bin/sleep", "1000000"] } },
  { repository: `${CRI_TOOLS}/test-image-latest`, tags: ["latest"], ...named("latest") },
  { repository: `${CRI_TOOLS}/test-image-tag`, tags: ["test"], ...named("test") },
  { repository: `${CRI_TOOLS}/test-image-tag`, tags: ["all"], ...named("all") },
  ...["1", "2", "3"].map((each) => ({
    repository: `${CRI_TOOLS}/test-image-${each}`,
    tags: ["latest"],
    ...named(each),
  })),
  { repository: `${CRI_TOOLS}/test-image-tags`, tags: ["1", "2", "3"], ...named("tags") },
  ...(
    [
      ["user-uid", { user: "1002" }],
      ["user-username", { user: "www-data" }],
      ["user-uid-group", { user: "1003", group: "1004" }],
      ["user-username-group", { user: "www-data", group: "1004" }],
    ] as const
  ).map(([name, app]) => ({
    repository: `${CRI_TOOLS}/test-image-${name}`,
    tags: ["latest"],
    app: { exec: ["/bin/sh"], ...app },
  })),
  {
    repository: `${CRI_TOOLS}/test-image-predefined-group`,
    tags: ["latest"],
    app: { exec: ["/bin/sh"], user: "1000" },
  },
];

/** Writes all of them and pushes them to a registry. */
export async function pushStandIns(registry: TestRegistry, dir: string): Promise<void> {
  const work = mkdtempSync(join(dir, "stand-ins-"));
  const base = busyboxFiles();
  // One after the other in two lanes: each is a program of its own, and a machine has at least two cores.
  const lanes = [0, 1].map(async (lane) => {
    for (const [index, standIn] of STAND_INS.entries()) {
      if (index % 2 === lane) {
        await push(standIn, base, registry, join(work, String(index)));
      }
    }
  });
  await Promise.all(lanes);
}

async function push(
  { repository, tags, app = { exec: ["/bin/sh"] }, files = [] }: StandIn,
  base: readonly ImageFile[],
  registry: TestRegistry,
  work: string,
): Promise<void> {
  mkdirSync(work);
  const spec = join(work, "spec.json");
  const image = join(work, "image.tar");
  writeFileSync(
    spec,
    JSON.stringify({
      name: `critest/${repository}`,
      version: tags[0],
      os: "linux",
      arch: GOARCH,
      app: { environment: [{ name: "PATH", value: "/bin:/usr/sbin" }], ...app },
      files: [...base, ...files],
    }),
  );
  const built = await coreflyAsync(["image", "build", "--format=oci", spec, image]);
  if (built.status !== 0) {
    throw new Error(`Cannot build the stand-in of ${repository}: ${built.stderr}`);
  }
  execFileSync("tar", ["--extract", `--file=${image}`, `--directory=${work}`]);
  const { blobs, manifestText } = readLayout(work);
  for (const tag of tags) {
    await registry.push(repository, tag, { blobs, manifestText });
  }
}

function readLayout(work: string): Parameters<TestRegistry["push"]>[2] {
  const blob = (digest: string) =>
    readFileSync(join(work, "blobs/sha256", digest.slice("sha256:".length)));
  const index = JSON.parse(readFileSync(join(work, "index.json"), "utf8"));
  const manifestText = blob(index.manifests[0].digest).toString();
  const { config, layers } = JSON.parse(manifestText);
  const digests: readonly string[] = [config, ...layers].map(({ digest }) => digest);
  return { blobs: new Map(digests.map((digest) => [digest, blob(digest)])), manifestText };
}

/** Different contents, so that it is another image. */
function named(name: string): Partial<StandIn> {
  return { files: [{ path: "/test-image", content: `${name}\n` }] };
}

/**
 * A server that is found as nginx: by `pidof nginx`, by its pid file, by "master process" in its command line. It says
 * "httpd" in its log.
 */
function webServer(port: number): Partial<StandIn> {
  const server = script(
    "/usr/sbin/nginx",
    'trap "exit 0" TERM',
    "echo $$ >/var/run/nginx.pid",
    "echo httpd is ready",
    `httpd -f -p ${port} -h /www &`,
    "wait",
  );
  return {
    app: {
      exec: ["/usr/sbin/nginx", "master process"],
      ports: [{ name: "http", protocol: "tcp", port }],
    },
    files: [
      server,
      { path: "/var/run", directory: true },
      { path: "/www/index.html", content: "a page\n" },
    ],
  };
}

/** Says the effective user of a program with the set-user-ID bit. busybox gives such rights up, hence another `id`. */
function setUserId(): Partial<StandIn> {
  return {
    app: { exec: ["/bin/sh", "-c", 'echo "Effective uid: $(/usr/bin/set-user-id -u)"'] },
    files: setUserIdProgram("/usr/bin/id", "/usr/bin/set-user-id"),
  };
}
