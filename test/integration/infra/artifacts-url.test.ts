// SPDX-License-Identifier: Apache-2.0
// The setting `artifactsUrl` with an empty cache: everything comes from the release, the Pulumi CLI that runs the program
// included, nothing is compiled, and only the bytes that the lock names are taken.
import { createReadStream, existsSync, readdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { lockOf } from "../../../modules/artifacts/lock.ts";
import { defaultCacheDir, hostArchitecture } from "../../../modules/provider/build/host.ts";
import { obtainArtifacts } from "../../../modules/provider/build/obtain.ts";
import { EngineStack } from "../../helpers/engine-stack.ts";

jest.setTimeout(300_000);

const NAMES = ["cni-plugins", "ignition-validate"];
const architecture = hostArchitecture();
const stack = new EngineStack("artifacts");
const cacheDir = join(stack.stateDir, "cache");
let server: Server;
/** Names of artefacts, in the order in which they were asked for. */
const asked: string[] = [];
/** Names of artefacts that the release has other bytes of. */
const forged = new Set<string>();

beforeAll(async () => {
  const release = await obtainArtifacts(["pulumi", ...NAMES], {
    cacheDir: defaultCacheDir(process.env),
    architecture,
  });
  server = createServer((request, response) => {
    const [name, artifact] =
      Object.entries(release).find(([, { sha512 }]) => request.url === `/v1/sha512/${sha512}`) ??
      [];
    asked.push(name ?? request.url ?? "");
    if (name === undefined || artifact === undefined) response.writeHead(404).end();
    else if (forged.has(name)) response.end(Buffer.alloc(artifact.sizeBytes));
    else createReadStream(artifact.path).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  writeFileSync(
    join(stack.programDir, `Pulumi.${stack.name}.yaml`),
    JSON.stringify({
      config: {
        "test-artifacts:artifactsUrl": `http://127.0.0.1:${port}/v1`,
        "test-artifacts:names": JSON.stringify(NAMES),
      },
    }),
  );
  const path = (process.env["PATH"] ?? "").split(delimiter);
  stack.env = {
    COREFLY_CACHE: cacheDir,
    PATH: path.filter((folder) => !existsSync(join(folder, "pulumi"))).join(delimiter),
  };
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  stack.remove();
});

const digestOf = (name: string): string => lockOf(architecture)[name]?.sha512 ?? "";
const inCache = (): readonly string[] => readdirSync(join(cacheDir, "blobs/sha512")).sort();

describe("artifactsUrl", () => {
  it("gives the engine its Pulumi; a preview takes nothing else", async () => {
    const said = await stack.succeed("preview");
    expect(said).toContain("corefly:index:Artifacts artifacts create");
    expect(asked).toEqual(["pulumi"]);
    expect(inCache()).toEqual([digestOf("pulumi")]);
  });

  it("is refused in one line where its bytes are not those of the lock", async () => {
    forged.add("ignition-validate");
    const { exitCode, stdout } = await stack.run("up");
    forged.clear();
    expect(exitCode).not.toBe(0);
    expect(stdout).toMatch(
      /\n {4}error: Cannot obtain artefact "ignition-validate" v[\d.]+ for \w+: http:\S+\/v1\/sha512\/[0-9a-f]{128} has sha512 [0-9a-f]{128} in \d+ bytes, wanted its name\n/,
    );
    expect(inCache()).not.toContain(digestOf("ignition-validate"));
    expect(stack.resources().map(({ type }) => type)).not.toContain("corefly:index:Artifacts");
  });

  it("takes what is missing, and nothing twice", async () => {
    await stack.succeed("up");
    await stack.succeed("up", ["--expect-no-changes"]);
    expect(inCache()).toEqual(["pulumi", ...NAMES].map(digestOf).sort());
    const counts = NAMES.map((name) => asked.filter((each) => each === name).length);
    // The forged one was asked for a second time.
    expect(counts).toEqual([1, 2]);
  });

  it("compiles nothing: there is no toolchain", () => {
    for (const folder of ["toolchain", "go"]) {
      expect(existsSync(join(cacheDir, folder))).toBe(false);
    }
  });
});
