// SPDX-License-Identifier: Apache-2.0
// A machine on which the commands of one page of the documentation run as they stand: mounts, network and processes of
// its own, an empty /etc/corefly and /var/lib/corefly, and a folder that looks like a checkout.
import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { succeed } from "./program.ts";

const root = resolve(import.meta.dirname, "../..");
const TIMEOUT_MS = 60_000;
/** Stands between the commands in what the shell prints. */
const MARK = "\u001e";

/** What a command printed, stdout and stderr as they came, and its exit code. */
export interface Printed {
  readonly text: string;
  readonly exitCode: number;
}

/** A step of a page: a command, or a file that the page shows. */
export type Step = { readonly command: string } | { readonly file: string; readonly text: string };

/** What `make install` puts below /opt/corefly, in a folder that pages can be given. */
export async function installRuntime(folder: string): Promise<void> {
  const script = `mkdir -p /opt/corefly && mount --bind "$1" /opt/corefly && exec "$2" "$3"`;
  const install = [process.execPath, join(root, "infra/install.ts")];
  const args = ["--mount", "sh", "-c", script, "sh", folder, ...install];
  await succeed("unshare", args);
}

/**
 * Runs the commands of a page one after the other in one shell, and ends everything that they started. Answers one
 * {@link Printed} a command; fewer when the shell ended early. `runtime` is what the machine has below /opt/corefly.
 */
export async function runPage(
  steps: readonly Step[],
  runtime: string,
): Promise<readonly Printed[]> {
  // Short: sockets of gpg's agent lie below it.
  const dir = mkdtempSync(join(tmpdir(), "docs-"));
  try {
    mkdirSync(join(dir, "scratch"));
    writeFileSync(join(dir, "machine.sh"), MACHINE);
    writeFileSync(join(dir, "page.sh"), `${steps.map(shellText).join("")}${TIDY}`);
    return parsePrinted(await output(dir, runtime));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Everything of the checkout but its state; what a page writes lies beside the links. */
function linkCheckout(folder: string): void {
  for (const name of readdirSync(root)) {
    if (!name.startsWith(".")) symlinkSync(join(root, name), join(folder, name));
  }
  // Old, for make: what the tests run on is never installed anew under them.
  for (const name of ["package.json", "package-lock.json"]) {
    rmSync(join(folder, name));
    writeFileSync(join(folder, name), readFileSync(join(root, name)));
    utimesSync(join(folder, name), 0, 0);
  }
}

// What is below /etc, /opt and /var/lib is seen, and what is written there stays in memory. The store has a place of its own,
// since the overlays of pods cannot lie on an overlay.
const MACHINE = `set -e
mount -t tmpfs tmpfs "$1/scratch"
for folder in etc opt var/lib; do
  mkdir -p "$1/scratch/$folder/upper" "$1/scratch/$folder/work"
  mount -t overlay -o "lowerdir=/$folder,upperdir=$1/scratch/$folder/upper,workdir=$1/scratch/$folder/work" overlay "/$folder"
done
rm -rf /etc/corefly /opt/corefly /var/lib/corefly
mkdir -p "$1/scratch/data" "$1/scratch/home" /var/lib/corefly /opt/corefly /run/corefly
mount --bind "$1/scratch/data" /var/lib/corefly
mount --bind "$2" /opt/corefly
mount -t tmpfs tmpfs /run/corefly
mount --make-rshared /
ip link set lo up
export HOME="$1/scratch/home"
cd "$1/corefly"
exec bash "$1/page.sh"
`;

// Cgroups are the one thing of a pod that the machine does not take with it.
const TIDY = `exec >/dev/null 2>&1
for pod in /var/lib/corefly/pods/run/*; do
  corefly stop --force "$(basename "$pod")" && corefly status --wait=10s "$(basename "$pod")"
done
corefly gc --grace-period=0s
`;

function shellText(step: Step): string {
  if ("file" in step) {
    const place = `'${step.file}'`;
    return `mkdir -p "$(dirname ${place})"; cat >${place} <<'END OF THE PAGE'\n${step.text}END OF THE PAGE\n`;
  }
  // The code of the command is that of the next command's $?.
  return `${step.command}\n(s=$?; printf '${MARK}%s${MARK}' $s; exit $s)\n`;
}

async function output(dir: string, runtime: string): Promise<string> {
  const folder = join(dir, "corefly");
  mkdirSync(folder);
  linkCheckout(folder);
  const namespaces = ["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const shell = ["bash", "-c", 'exec bash "$1/machine.sh" "$@" 2>&1', "bash", dir, runtime];
  const child = spawn("unshare", [...namespaces, "--propagation=private", ...shell], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: TIMEOUT_MS,
    killSignal: "SIGKILL",
    env: {
      PATH: `/opt/corefly/bin:${process.env["PATH"] ?? ""}:/usr/sbin:/usr/bin:/sbin:/bin`,
      COREFLY_CACHE: process.env["COREFLY_CACHE"] ?? join(homedir(), ".cache/corefly"),
      LC_ALL: "C.UTF-8",
    },
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  await new Promise<void>((done, failed) => {
    child.once("error", failed);
    child.once("close", () => done());
  });
  return Buffer.concat(chunks).toString();
}

function parsePrinted(text: string): readonly Printed[] {
  const parts = text.split(MARK);
  // A shell that ended early has the reason in what stands behind the last mark.
  const count = Math.floor(parts.length / 2);
  const printed = Array.from({ length: count }, (_, index) => ({
    text: parts[2 * index] ?? "",
    exitCode: Number(parts[2 * index + 1]),
  }));
  const rest = parts[2 * count] ?? "";
  return rest === "" ? printed : [...printed, { text: rest, exitCode: Number.NaN }];
}
