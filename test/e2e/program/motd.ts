// SPDX-License-Identifier: Apache-2.0
// A snippet of Ignition, as users have: a message for whoever logs in.

/** An Ignition config as JSON text. */
export function motd(message: string): string {
  return JSON.stringify({
    ignition: { version: "3.4.0" },
    storage: {
      files: [
        {
          path: "/etc/motd",
          overwrite: true,
          contents: { source: `data:,${encodeURIComponent(`${message}\n`)}` },
        },
      ],
    },
  });
}
