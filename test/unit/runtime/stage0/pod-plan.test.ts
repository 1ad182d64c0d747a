// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseRunArguments } from "../../../../runtime/cli/run-arguments.ts";
import { EMPTY_APP, type ImageApp } from "../../../../runtime/image/image-app.ts";
import { appName, type PlanInput, planPod } from "../../../../runtime/stage0/pod-plan.ts";

const uuid = "6b2f0000-0000-4000-8000-000000000000";

function plan(args: readonly string[], app: Partial<ImageApp> = {}, more: Partial<PlanInput> = {}) {
  return planPod({
    uuid,
    version: "1.2.3",
    request: parseRunArguments(args),
    image: {
      id: "sha512-aa",
      format: "aci",
      name: "example.com/web",
      labels: { os: "linux", arch: "amd64", version: "1" },
      app: { ...EMPTY_APP, entrypoint: ["/bin/web"], ...app },
      layers: ["/l"],
    },
    environment: { TERM: "vt100", A: "inherited" },
    fileEnvironment: [],
    insecure: [],
    host: { os: "linux", arch: "amd64" },
    ...more,
  });
}

describe("planPod()", () => {
  it("is all there is to know, and prints as JSON", () => {
    const result = plan(["img"]);
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({
      uuid,
      flavour: "oci",
      hostname: `corefly-${uuid}`,
      network: "default",
      app: {
        name: "web",
        image: { id: "sha512-aa", name: "example.com/web" },
        layers: ["/l"],
        args: ["/bin/web"],
        environment: [],
        workingDirectory: "/",
        user: "0",
        group: "",
        mounts: [],
        stopSignal: "SIGTERM",
      },
      manifest: {
        acKind: "PodManifest",
        acVersion: "1.2.3",
        apps: [{ name: "web", image: { id: "sha512-aa" }, app: { exec: ["/bin/web"] } }],
      },
      warnings: [],
    });
  });

  it("puts arguments behind an ACI's exec, instead of an OCI image's cmd, and lets --exec replace all of it", () => {
    const args = (words: readonly string[], app: Partial<ImageApp>) =>
      plan(["img", ...words], app).app.args;
    expect(args(["--", "x"], { entrypoint: ["/e", "a"] })).toEqual(["/e", "a", "x"]);
    expect(args([], { entrypoint: ["/e"], cmd: ["c"] })).toEqual(["/e", "c"]);
    expect(args(["--", "x"], { entrypoint: ["/e"], cmd: ["c"] })).toEqual(["/e", "x"]);
    expect(args(["--"], { entrypoint: ["/e"], cmd: ["c"] })).toEqual(["/e"]);
    expect(args(["--exec=/n", "--", "x"], { entrypoint: ["/e"], cmd: ["c"] })).toEqual(["/n", "x"]);
    expect(args(["--exec=/n"], { entrypoint: ["/e"], cmd: ["c"] })).toEqual(["/n"]);
    expect(() => args([], { entrypoint: [] })).toThrow(
      'Cannot run image "example.com/web": it names no program to run, and neither does --exec',
    );
  });

  it("orders environments: inherited, image, file, pod, app", () => {
    const image = [
      { name: "A", value: "image" },
      { name: "B", value: "image" },
      { name: "C", value: "image" },
      { name: "D", value: "image" },
    ];
    const result = plan(
      ["--inherit-env", "--set-env=C=pod", "--set-env=D=pod", "img", "--environment=D=app"],
      { environment: image },
      {
        fileEnvironment: [
          { name: "B", value: "file" },
          { name: "C", value: "file" },
        ],
      },
    );
    expect(
      Object.fromEntries(result.app.environment.map(({ name, value }) => [name, value])),
    ).toEqual({ TERM: "vt100", A: "image", B: "file", C: "pod", D: "app" });
    expect(plan(["img"]).app.environment).toEqual([]);
  });

  it("keeps the image's group only with the image's user", () => {
    const app = { user: "web", group: "www" };
    expect([plan(["img"], app).app.user, plan(["img"], app).app.group]).toEqual(["web", "www"]);
    expect([
      plan(["img", "--user=7"], app).app.user,
      plan(["img", "--user=7"], app).app.group,
    ]).toEqual(["7", ""]);
  });

  it("mounts parents before children, later ones instead of earlier ones, read-only when anybody says so (POD-07)", () => {
    const { app, warnings } = plan(
      [
        "--volume=b,kind=host,source=/b",
        "--volume=a,kind=host,source=/a,readOnly=true",
        "--volume=data,kind=host,source=/d",
        "--volume=unused,kind=empty",
        "--mount=volume=b,target=/certs/b",
        "--mount=volume=a,target=/certs",
        "img",
        "--mount=volume=b,target=/data",
        "--mount=volume=a,target=/z/../y",
      ],
      {
        mountPoints: [
          { name: "data", path: "/data", readOnly: false },
          { name: "b", path: "/x", readOnly: true },
        ],
      },
    );
    expect(app.mounts).toEqual([
      { volume: "b", target: "/x", readOnly: true },
      { volume: "a", target: "/certs", readOnly: true },
      { volume: "b", target: "/data", readOnly: false },
      { volume: "a", target: "/y", readOnly: true },
      { volume: "b", target: "/certs/b", readOnly: false },
    ]);
    expect(warnings).toEqual([
      'Volume "data" is not mounted by any app',
      'Volume "unused" is not mounted by any app',
    ]);
  });

  it("gives a mount point without volume an empty one, except with fly", () => {
    const app = { mountPoints: [{ name: "data", path: "/data", readOnly: false }] };
    expect(plan(["img"], app)).toMatchObject({
      volumes: [{ name: "data", kind: "empty", mode: 0o755 }],
      warnings: ['No volume for mount point "data": it gets an empty one, removed with the pod'],
    });
    expect(() => plan(["--stage1=fly", "img"], app)).toThrow(
      'missing volume for mountpoint: "data" at "/data"',
    );
  });

  it.each([
    [["--mount=volume=x,target=/x", "img"], 'dangling mount point "/x": volume "x" not found'],
    [
      ["--volume=x,kind=empty", "--mount=volume=x,target=/", "img"],
      'Cannot mount volume "x" at "/" of app "web"',
    ],
    [
      [
        "--volume=k,kind=host,source=/k,propagation=shared",
        "--volume=x,kind=empty",
        "--mount=volume=k,target=/k",
        "--mount=volume=x,target=/k/x",
        "img",
      ],
      'Cannot mount volume "x" at "/k/x": that is inside volume "k", which is shared with the host',
    ],
    [["--port=web:80", "img"], 'Cannot open port "web" of app "web": its image has none'],
  ])("refuses %j", (args, message) => {
    expect(() => plan(args)).toThrow(message);
  });

  it("refuses images for other platforms, and ACIs that do not say which", () => {
    const labels = (map: Record<string, string>) => () =>
      plan(
        ["img"],
        {},
        {
          image: {
            id: "i",
            format: "aci",
            name: "n",
            labels: map,
            app: { ...EMPTY_APP, entrypoint: ["/e"] },
            layers: [],
          },
        },
      );
    expect(labels({ arch: "amd64" })).toThrow("missing os label in the image manifest");
    expect(labels({ os: "linux" })).toThrow("missing arch label in the image manifest");
    expect(labels({ os: "linux", arch: "aarch64" })).toThrow(
      'Cannot run image "n": its arch is aarch64, this host\'s is amd64',
    );
  });

  it("finds ports by the image's names and by docker's", () => {
    const ports = [{ name: "http", protocol: "tcp", port: 8080 }];
    expect(
      plan(["--port=http:80", "--port=53-udp:127.0.0.1:5353", "img"], { ports }).ports,
    ).toEqual([
      { name: "http", protocol: "tcp", containerPort: 8080, hostPort: 80, hostIp: "" },
      { name: "53-udp", protocol: "udp", containerPort: 53, hostPort: 5353, hostIp: "127.0.0.1" },
    ]);
  });

  it("says what fly ignores", () => {
    expect(plan(["--stage1=fly", "--hostname=x", "img", "--memory=1G"]).warnings).toEqual([
      "--hostname has no effect with --stage1=fly, which isolates nothing but the root",
      "--memory has no effect with --stage1=fly, which isolates nothing but the root",
    ]);
  });
});

describe("appName()", () => {
  it("makes an ACName of the last part of any name", () => {
    expect(
      ["example.com/a/Web_Server", "x/y.z", "busybox", "a/--", "", "b/é"].map(appName),
    ).toEqual(["web-server", "y-z", "busybox", "app", "app", "app"]);
  });
});
