// SPDX-License-Identifier: Apache-2.0
// `run` without an image store: `node run-pod.ts DATA_DIR LAYER IMAGE_APP_JSON ARGUMENTS...`, a process of its own because it
// changes its namespaces and becomes the app.
import { parseRunArguments } from "../../runtime/cli/run-arguments.ts";
import { EMPTY_APP } from "../../runtime/image/image-app.ts";
import { Pods } from "../../runtime/pod/pods.ts";
import { newPodUuid } from "../../runtime/pod/uuid.ts";
import { planPod } from "../../runtime/stage0/pod-plan.ts";
import { runPod } from "../../runtime/stage0/run.ts";
import { linuxSystem } from "../../runtime/system/linux.ts";

const [dataDir = "", layer = "", app = "{}", ...args] = process.argv.slice(2);
const system = linuxSystem();
const request = parseRunArguments(args);
const plan = planPod({
  uuid: newPodUuid(),
  version: "0.0.0",
  request,
  image: {
    id: "sha512-00",
    format: "oci",
    name: "test.example/busybox",
    labels: {},
    app: { ...EMPTY_APP, ...JSON.parse(app) },
    layers: [layer],
  },
  environment: {},
  fileEnvironment: [],
  insecure: [],
  host: { os: "linux", arch: "amd64" },
});
try {
  await runPod(
    {
      system,
      pods: new Pods(system, dataDir),
      oci: {
        programPath: (process.env["PATH"] ?? "").split(":"),
        cniPath: (process.env["CNI_PATH"] ?? "").split(":"),
        netConfDirs: [],
        dataDir,
        runtimeDir: process.env["RUNTIME_DIR"] ?? "/run/corefly-test",
      },
      warn: (message) => process.stderr.write(`${message}\n`),
    },
    plan,
    { uuidFileSave: request.uuidFileSave, signal: new AbortController().signal },
  );
} catch (error) {
  process.stderr.write(`run: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(254);
}
