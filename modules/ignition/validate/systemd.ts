// SPDX-License-Identifier: Apache-2.0
// Checks units and drop-ins: their names, their text, and whether enabling them does anything.
import type { Dropin, IgnitionConfig, Unit } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";
import { parseUnitText, type UnitText } from "../unit-text.ts";
import { hasControl } from "./nodes.ts";

export function* checkSystemd({ systemd }: IgnitionConfig): Generator<Problem> {
  const units = systemd?.units ?? [];
  const byName = new Map(units.map((unit) => [unit.name, unit]));
  for (const [index, unit] of units.entries()) {
    const at = ["systemd", "units", index];
    yield* checkUnitName(unit.name, [...at, "name"]);
    yield* checkUnit(unit, at);
    yield* checkTemplate(unit, byName, at);
    for (const [position, dropin] of (unit.dropins ?? []).entries()) {
      yield* checkDropin(dropin, [...at, "dropins", position]);
    }
  }
}

const suffix =
  /\.(service|socket|device|mount|automount|swap|target|path|timer|snapshot|slice|scope)$/;

function* checkUnitName(name: string, path: ConfigPath): Generator<Problem> {
  if (!suffix.test(name)) {
    const text = "has no unit suffix, expected one such as .service, .socket, .mount, .timer";
    yield { code: "ErrInvalidSystemdExt", path, text };
  } else if (!/^(?!\.)[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\@-]*)?$/.test(name) || name.length > 255) {
    const text = "is no unit name, expected at most 255 of A-Z, a-z, 0-9, : - _ . \\ @";
    yield { code: "IllegalUnitName", path, text };
  }
}

function* checkUnit(unit: Unit, at: ConfigPath): Generator<Problem> {
  const path = [...at, "contents"];
  const parsed = yield* checkText(unit.contents, path);
  const hasContents = unit.contents != null && unit.contents !== "";
  if (unit.enabled === true && hasContents && parsed && !parsed.installs) {
    const text = "is enabled, but its contents have no [Install] section";
    yield { code: "NoInstallSection", path, text };
  }
  if (unit.mask !== true) return;
  if (unit.enabled === true) {
    const text = "is both enabled and masked, expected one of the two";
    yield { code: "EnabledAndMasked", path: at, text };
  }
  if (hasContents)
    yield { code: "MaskedContents", path: at, text: "is masked, so its contents are lost" };
}

/** Says whether the text parses, and returns what it says. */
function* checkText(
  text: string | null | undefined,
  path: ConfigPath,
): Generator<Problem, UnitText | undefined> {
  if (text == null) return undefined;
  const parsed = parseUnitText(text);
  if (parsed.problem === undefined) return parsed;
  const { line, message } = parsed.problem;
  yield { code: "InvalidUnitContents", path, text: `cannot be parsed: line ${line}: ${message}` };
  return undefined;
}

/** Of `getty@tty1.service` it is `getty@.service` that has the [Install] section. */
function* checkTemplate(
  unit: Unit,
  byName: ReadonlyMap<string, Unit>,
  at: ConfigPath,
): Generator<Problem> {
  if (unit.enabled !== true) return;
  const [, prefix, instance] = /^(.+?)@(.*)\.service$/.exec(unit.name) ?? [];
  if (prefix === undefined || instance === undefined) return;
  if (instance === "") {
    if (/^\s*DefaultInstance\s*=/m.test(unit.contents ?? "DefaultInstance=")) return;
    const text = "is a template without an instance, so enabling it does nothing";
    yield { code: "TemplateEnabled", path: at, text };
    return;
  }
  const template = byName.get(`${prefix}@.service`);
  if (!template?.contents) return;
  const parsed = parseUnitText(template.contents);
  if (parsed.problem !== undefined || parsed.installs) return;
  const text = `is enabled, but its template ${template.name} has no [Install] section`;
  yield { code: "NoInstallSectionForInstance", path: [...at, "contents"], text };
}

function* checkDropin(dropin: Dropin, at: ConfigPath): Generator<Problem> {
  const path = [...at, "name"];
  if (!dropin.name.endsWith(".conf")) {
    yield { code: "ErrInvalidSystemdDropinExt", path, text: "does not end in .conf" };
  } else if (dropin.name.includes("/") || hasControl(dropin.name) || dropin.name.length > 255) {
    yield { code: "IllegalDropinName", path, text: "is no file name" };
  }
  yield* checkText(dropin.contents, [...at, "contents"]);
}
