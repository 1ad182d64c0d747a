// SPDX-License-Identifier: Apache-2.0
// What test nodes have on their disk before their first pod: a pod network, an image.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { corefly } from "./corefly.ts";

const APPLETS =
  "sh cat echo id ls env sleep true false hostname ip ps kill rm mkdir touch httpd wget head dd mount stat printf nc seq stty tty sha256sum tar";

/** An image by the project's own writer; answers its file. */
export function buildImage(dir: string, spec: ImageSpec, format: "oci" | "aci" = "oci"): string {
  const base = join(dir, `${spec.name.slice(spec.name.lastIndexOf("/") + 1)}-${spec.version}`);
  writeFileSync(`${base}.json`, JSON.stringify(spec));
  const built = corefly([
    "image",
    "build",
    `--format=${format}`,
    `${base}.json`,
    `${base}.${format}`,
  ]);
  if (built.status !== 0) {
    throw new Error(`Cannot build an image: ${built.stderr}`);
  }
  return `${base}.${format}`;
}

/** What `corefly image build` reads. */
export interface ImageSpec {
  readonly name: string;
  readonly version: string;
  readonly os: string;
  readonly arch: string;
  readonly app: object;
  readonly files: readonly object[];
}

/** A busybox with users and groups; `app` is what its image says besides. */
export function busyboxSpec(name: string, version: string, app: object): ImageSpec {
  return {
    name,
    version,
    os: "linux",
    arch: "amd64",
    app: { exec: ["/bin/sh"], environment: [{ name: "PATH", value: "/bin" }], ...app },
    files: [
      { path: "/bin/busybox", source: "/usr/bin/busybox", mode: "0755" },
      ...APPLETS.split(" ").map((applet) => ({ path: `/bin/${applet}`, link: "busybox" })),
      {
        path: "/etc/passwd",
        content: "root:x:0:0::/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n",
      },
      { path: "/etc/group", content: "root:x:0:\nweb:x:1000:\nlogs:x:50:web\n" },
      { path: "/tmp", directory: true, mode: "1777" },
      { path: "/etc/version", content: `${version}\n` },
    ],
  };
}

/** The network configuration of the pods. */
export function podNetwork(dir: string, subnet: string): string {
  return JSON.stringify({
    name: "pods",
    cniVersion: "1.0.0",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: true,
        ipMasqBackend: "nftables",
        ipam: {
          type: "host-local",
          dataDir: join(dir, "ipam"),
          ranges: [[{ subnet }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", backend: "nftables", capabilities: { portMappings: true } },
    ],
  });
}

/** Cgroups are removed one by one, the deepest first; their files go with them. */
export function removeCgroups(name: string): void {
  const base = "/sys/fs/cgroup";
  for (const root of [base, ...readdirSync(base).map((each) => join(base, each))]) {
    const directory = join(root, name);
    if (existsSync(directory)) {
      spawnSync("find", [directory, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    }
  }
}
