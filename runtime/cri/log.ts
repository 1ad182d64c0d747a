// SPDX-License-Identifier: Apache-2.0
// The server's log: one line an event, for journald and for people. Fields follow the message as key=value.

export type LogLevel = "debug" | "info" | "warn" | "error";

export type LogFields = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** syslog's priorities, which journald takes from a line that begins with `<N>` (sd-daemon(3)). */
const PRIORITY: Readonly<Record<LogLevel, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** A log that gives finished lines to `write`; with `journal` they begin with their priority. */
export function lineLog(options: {
  readonly level: LogLevel;
  readonly journal: boolean;
  write(line: string): void;
}): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) => {
      if (PRIORITY[level] > PRIORITY[options.level]) {
        return;
      }
      const prefix = options.journal ? `<${PRIORITY[level]}>` : `${level}: `;
      options.write(`${prefix}${oneLine(message)}${formatFields(fields)}\n`);
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A log that drops everything. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Reads `debug`, `info`, `warn` or `error`; undefined for anything else. */
export function parseLogLevel(text: string): LogLevel | undefined {
  switch (text) {
    case "debug":
    case "info":
    case "warn":
    case "error":
      return text;
    default:
      return undefined;
  }
}

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${quoted(String(value))}`)
    .join("");
}

function quoted(value: string): string {
  return /^[\w./:@+,-]+$/.test(value) ? value : JSON.stringify(value);
}

function oneLine(message: string): string {
  return message.replaceAll(/[\r\n]+/g, " ");
}
