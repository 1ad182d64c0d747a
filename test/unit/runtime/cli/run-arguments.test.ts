// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { parseRunArguments } from "../../../../runtime/cli/run-arguments.ts";

const parse = (...args: string[]) => parseRunArguments(args);

describe("parseRunArguments()", () => {
  it("reads the production line of a kubelet", () => {
    const request = parse(
      "--stage1=fly",
      "--uuid-file-save=/run/kubelet.uuid",
      "--volume=kubelet,kind=host,source=/var/lib/kubelet,recursive=true,readOnly=false,propagation=shared",
      "--mount=volume=kubelet,target=/var/lib/kubelet",
      "--dns=host",
      "--hosts-entry=host",
      "example.com/kubernetes:v1",
      "--exec=/usr/bin/kubelet",
      "--",
      "--config=/etc/kubelet.yaml",
      "--node-labels=a=b,c=d",
    );
    expect(request).toMatchObject({
      flavour: "fly",
      network: "host",
      uuidFileSave: "/run/kubelet.uuid",
      dns: { kind: "host" },
      hosts: { kind: "host" },
      pullPolicy: "new",
      volumes: [
        {
          name: "kubelet",
          kind: "host",
          source: "/var/lib/kubelet",
          readOnly: false,
          recursive: true,
          propagation: "shared",
        },
      ],
      mounts: [{ volume: "kubelet", target: "/var/lib/kubelet" }],
      app: {
        image: "example.com/kubernetes:v1",
        exec: "/usr/bin/kubelet",
        args: ["--config=/etc/kubelet.yaml", "--node-labels=a=b,c=d"],
      },
    });
  });

  it("takes an image with flags and arguments of its own, up to ---", () => {
    const words = (...args: string[]) => {
      const { image, name, exec, args: given } = parse(...args).app;
      return [image, name, exec, given];
    };
    expect(words("a", "--name=x", "--", "--name=y", "--", "---")).toEqual([
      "a",
      "x",
      undefined,
      ["--name=y", "--"],
    ]);
    expect(words("b", "--exec", "/e")).toEqual(["b", undefined, "/e", undefined]);
    expect(words("c")).toEqual(["c", undefined, undefined, undefined]);
  });

  it("reads limits, networks, ports and environments", () => {
    const request = parse(
      "--net",
      "--port=http:127.0.0.1:8080",
      "--port=dns:53",
      "--set-env=A=1=2",
      "--hosts-entry=10.0.0.1=a,10.0.0.2=b",
      "--dns=1.1.1.1,8.8.8.8",
      "--dns-search=x.test",
      "img",
      "--memory=64Mi",
      "--cpu=500m",
      "--cpu-shares=512",
      "--caps-retain=cap_chown,CAP_KILL",
      "--oom-score-adj=-5",
      "--supplementary-gids=1,2",
      "--environment=B=",
    );
    expect(request).toMatchObject({
      flavour: "oci",
      network: "default",
      ports: [
        { name: "http", hostIp: "127.0.0.1", hostPort: 8080 },
        { name: "dns", hostIp: "", hostPort: 53 },
      ],
      setEnvironment: [{ name: "A", value: "1=2" }],
      hosts: {
        kind: "entries",
        entries: [
          { ip: "10.0.0.1", name: "a" },
          { ip: "10.0.0.2", name: "b" },
        ],
      },
      dns: {
        kind: "servers",
        servers: ["1.1.1.1", "8.8.8.8"],
        search: ["x.test"],
        options: [],
        domain: "",
      },
      app: {
        memoryBytes: 67_108_864,
        cpuMillis: 500,
        cpuShares: 512,
        capabilities: { kind: "retain", names: ["CAP_CHOWN", "CAP_KILL"] },
        oomScoreAdj: -5,
        supplementaryGids: [1, 2],
        environment: [{ name: "B", value: "" }],
      },
    });
  });

  it.each([
    [[], "must provide at least one image"],
    [["--exec=/x", "img"], "--exec must follow an image"],
    [["--nope", "img"], 'Unknown flag "--nope"'],
    [["img", "--dns=host"], 'Unknown flag "--dns"'],
    [[""], '"" is not an image'],
    [["--stage1=kvm", "img"], 'Cannot use flag "--stage1": "kvm" is not one of oci, fly'],
    [
      ["--stage1=fly", "--net=default", "img"],
      "--net=default does not work with --stage1=fly, which has the host's network",
    ],
    [["--net=none", "--port=a:1", "img"], "--port flag does not work with 'none' networking"],
    [["--interactive", "a", "b"], "interactive option only supports one image"],
    [["a", "---", "b"], "Cannot run 2 images in one pod: --stage1=oci takes one"],
    [["--stage1=fly", "a", "b"], "Cannot run 2 images in one pod: --stage1=fly takes one"],
    [
      ["a", "--name=x", "--", "b", "---", "c", "--exec", "/e", "d"],
      "Cannot run 3 images in one pod: --stage1=oci takes one",
    ],
    [["--set-env=A=1", "--set-env=A=2", "img"], 'Cannot use flag "--set-env": "A" is given twice'],
    [["--set-env=A", "img"], 'Cannot use flag "--set-env": "A" is not NAME=VALUE'],
    [
      ["--pull-policy=sometimes", "img"],
      'Cannot use flag "--pull-policy": "sometimes" is not one of new, update, never',
    ],
    [
      ["--store-only", "--no-store", "img"],
      "flags --store-only and --no-store are mutually exclusive",
    ],
    [["--dns=host", "--dns-search=x", "img"], "--dns=host excludes other DNS settings"],
    [
      ["--dns=dns.example", "img"],
      'Cannot use name server "dns.example": want an address, host or none',
    ],
    [["img", "--memory=12"], 'Cannot use memory limit "12": want at least 4096 bytes'],
    [["img", "--memory=1X"], 'Cannot use memory limit "1X": want at least 4096 bytes'],
    [["img", "--cpu=0"], 'Cannot use processor limit "0": want a number like 2, 0.5 or 500m'],
    [
      ["img", "--cpu-shares=1"],
      'Cannot use flag "--cpu-shares": "1" is not a number from 2 to 262144',
    ],
    [
      ["img", "--caps-retain=CAP_A", "--caps-remove=CAP_B"],
      "flags --caps-retain and --caps-remove are mutually exclusive",
    ],
    [
      ["img", "--name=Big"],
      'Cannot use name "Big": want lower-case letters, digits and dashes between them',
    ],
    [["img", "--working-dir=x"], 'Cannot use working directory "x": it is not absolute'],
    [["--port=8080", "img"], 'Cannot use port "8080": want NAME:[HOSTIP:]HOSTPORT'],
    [
      ["--port=a:70000", "img"],
      'Cannot use flag "--port": "70000" is not a number from 1 to 65535',
    ],
    [["--hosts-entry=x=y", "img"], 'Cannot use hosts entry "x=y": want IP=NAME'],
  ])("refuses %j", (args, message) => {
    expect(() => parse(...args)).toThrow(message);
  });
});
