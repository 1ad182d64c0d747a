// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "@jest/globals";
import { LAB_REPORT_PREFIX } from "../../../../../../modules/artifacts/lab/files.ts";
import {
  consoleFailure,
  consoleLines,
  consoleUp,
  REPORT_PREFIX,
} from "../../../../../../modules/platforms/qemu/plan/console.ts";

describe("consoleLines", () => {
  it("takes colours away", () => {
    expect(
      consoleLines("[\u001b[0;32m  OK  \u001b[0m] Reached\r\n\r\n\u001b[0;1;39mx\u001b[0m \n"),
    ).toEqual(["[  OK  ] Reached", "x"]);
  });
});

describe("consoleFailure", () => {
  it("is nothing while the machine boots", () => {
    expect(consoleFailure(["[  OK  ] Reached target", "[FAILED] Failed to start x.service"])).toBe(
      undefined,
    );
  });

  it("is what Ignition said", () => {
    const lines = [
      "[FAILED] Failed to start ignition-fetch.service - Ignition (fetch).",
      "corefly-lab: failed to fetch config: invalid config",
      "corefly-lab: Failed to start ignition-fetch.service - Ignition (fetch).",
      "Entering emergency mode. Exit the shell to continue.",
    ];
    expect(consoleFailure(lines)).toBe("failed to fetch config: invalid config");
  });

  it("is the failed unit where nobody reports", () => {
    expect(
      consoleFailure(["[FAILED] Failed to mount /sysroot.", "You are in emergency mode. After"]),
    ).toBe("[FAILED] Failed to mount /sysroot.");
  });

  it("is the kernel's last word", () => {
    expect(
      consoleFailure(["[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs"]),
    ).toBe("[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs");
  });
});

describe("consoleUp", () => {
  it("knows both of systemd's ways to say it", () => {
    expect(consoleUp(["[  OK  ] Reached target multi-user.target - Multi-User System."])).toBe(
      true,
    );
    expect(consoleUp(["[  OK  ] Reached target Multi-User System."])).toBe(true);
    expect(consoleUp(["[  OK  ] Reached target basic.target"])).toBe(false);
  });
});

describe("REPORT_PREFIX", () => {
  it("is the one that the lab image writes", () => {
    expect(REPORT_PREFIX).toBe(LAB_REPORT_PREFIX);
  });
});
