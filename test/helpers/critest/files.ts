// SPDX-License-Identifier: Apache-2.0
// What stand-in images are made of: busybox, scripts, and this machine's programs with their libraries.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { obtainedArtifact, unpackedArtifact } from "../unpacked-artifact.ts";

/** As in the description that `corefly image build` reads. */
export type ImageFile = ImageEntry | { readonly tar: string };

interface ImageEntry {
  readonly path: string;
  readonly source?: string;
  readonly content?: string;
  readonly hardlink?: string;
  readonly directory?: boolean;
  readonly mode?: string;
}

const USERS = [
  ["root", 0],
  ["www-data", 33],
  ["default-user", 1000],
  ["nobody", 65_534],
] as const;

/**
 * A root file system with every applet of busybox, and what it lacks of those that critest calls. The one of Debian's package
 * `busybox`, as a shell, runs what is in /bin; that of `busybox-static` does not look.
 */
export function busyboxFiles(): readonly ImageFile[] {
  const busybox = "/usr/bin/busybox";
  const applets = execFileSync(join(unpackedArtifact("busybox"), busybox), ["--list"], {
    encoding: "utf8",
  });
  return [
    { tar: obtainedArtifact("busybox").path },
    ...applets
      .trim()
      .split("\n")
      // As in the real image: a masked /bin/ls is not to take all the others along.
      .map((applet) => ({ path: `/usr/bin/${applet}`, hardlink: busybox })),
    script("/usr/bin/ipcs", "exec cat /proc/sysvipc/shm"),
    script(
      "/usr/bin/pgrep",
      "for each in /proc/[0-9]*; do",
      '  [ "$(cat "$each/comm" 2>/dev/null)" = "$1" ] && basename "$each" && found=1',
      "done",
      '[ -n "$found" ]',
    ),
    {
      path: "/etc/passwd",
      content: USERS.map(([name, id]) => `${name}:x:${id}:${id}::/:/bin/sh\n`).join(""),
    },
    {
      path: "/etc/group",
      content: `${USERS.map(([name, id]) => `${name}:x:${id}:\n`).join("")}group-defined-in-image:x:50000:default-user\n`,
    },
    { path: "/tmp", directory: true, mode: "1777" },
  ];
}

/** A program of this machine at another place, with its set-user-ID bit, and what it needs of libraries besides busybox's. */
export function setUserIdProgram(program: string, path: string): readonly ImageFile[] {
  const busybox = unpackedArtifact("busybox");
  return [
    { path, source: program, mode: "4755" },
    ...librariesOf(program)
      .map((library) => ({
        path: library.replace(/^\/lib/, "/usr/lib"),
        source: library,
        mode: "0755",
      }))
      .filter((library) => !existsSync(join(busybox, library.path))),
  ];
}

export function script(path: string, ...lines: readonly string[]): ImageFile {
  return { path, content: ["#!/bin/sh", ...lines, ""].join("\n"), mode: "0755" };
}

function librariesOf(program: string): readonly string[] {
  let text: string;
  try {
    text = execFileSync("ldd", [program], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return []; // static
  }
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)]
    .map((match) => match[1] ?? "")
    .filter((path) => existsSync(path));
}
