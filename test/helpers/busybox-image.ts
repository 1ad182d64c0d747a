// SPDX-License-Identifier: Apache-2.0
// A root file system with a busybox in it, for tests that run something: a directory, used as the only layer of an image.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const APPLETS = [
  "sh",
  "cat",
  "echo",
  "id",
  "ls",
  "printf",
  "env",
  "sleep",
  "true",
  "false",
  "pwd",
  "readlink",
  "stat",
  "kill",
  "grep",
  "mount",
  "touch",
  "ps",
  "stty",
  "nslookup",
  "wget",
];

/** Fills `dir` with busybox, the libraries it needs, /etc/passwd and /etc/group. */
export function makeBusyboxRoot(dir: string): void {
  for (const name of ["bin", "etc", "tmp", "usr/bin"]) {
    mkdirSync(join(dir, name), { recursive: true });
  }
  const busybox = "/usr/bin/busybox";
  copyFileSync(busybox, join(dir, "bin/busybox"));
  for (const library of librariesOf(busybox)) {
    mkdirSync(join(dir, dirname(library)), { recursive: true });
    copyFileSync(library, join(dir, library));
  }
  for (const applet of APPLETS) {
    symlinkSync("busybox", join(dir, "bin", applet));
  }
  symlinkSync("../../bin/busybox", join(dir, "usr/bin/printf"));
  writeFileSync(
    join(dir, "etc/passwd"),
    "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1000::/home/web:/bin/sh\n",
  );
  writeFileSync(join(dir, "etc/group"), "root:x:0:\nweb:x:1000:\nlogs:x:50:web\n");
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
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map((match) => match[1] ?? "");
}
