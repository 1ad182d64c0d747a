// SPDX-License-Identifier: Apache-2.0
// Checks encrypted volumes: their key file, and how Clevis unlocks them.
import type { Clevis, IgnitionConfig, Luks, Tang } from "ignition-config-types";
import type { ConfigPath, Problem } from "../finding.ts";
import { byteLength, checkPath } from "./nodes.ts";
import { urlProblem } from "./urls.ts";

export function* checkLuks({ storage }: IgnitionConfig): Generator<Problem> {
  for (const [index, luks] of (storage?.luks ?? []).entries()) {
    const at = ["storage", "luks", index];
    yield* checkVolume(luks, at);
    if (luks.clevis) yield* checkClevis(luks.clevis, [...at, "clevis"]);
    yield* checkCex(luks, at);
  }
}

function* checkVolume({ name, label, device, keyFile }: Luks, at: ConfigPath): Generator<Problem> {
  if (name.includes("/")) {
    const text = "is a device name with a slash";
    yield { code: "ErrLuksNameContainsSlash", path: [...at, "name"], text };
  }
  if (name === "") yield { code: "IllegalLuksName", path: [...at, "name"], text: "is missing" };
  if (label && byteLength(label) > 47) {
    const text = `is ${byteLength(label)} bytes long, expected at most 47`;
    yield { code: "ErrLuksLabelTooLong", path: [...at, "label"], text };
  }
  if (!device) {
    yield { code: "ErrDiskDeviceRequired", path: [...at, "device"], text: "is missing" };
  } else {
    yield* checkPath(device, [...at, "device"]);
  }
  if (!keyFile?.source || urlProblem(keyFile.source) === undefined) return;
  yield { code: "ErrInvalidLuksKeyFile", path: [...at, "keyFile"], text: "has a bad source" };
}

function* checkClevis(clevis: Clevis, at: ConfigPath): Generator<Problem> {
  const { custom = {}, tang = [], tpm2, threshold } = clevis;
  const { pin, config, needsNetwork } = custom;
  if (pin || config || needsNetwork === true) {
    if (!pin) {
      const path = [...at, "custom", "pin"];
      yield { code: "ErrClevisPinRequired", path, text: "is missing" };
    } else if (!["tpm2", "tang", "sss"].includes(pin)) {
      const text = `is "${pin}", expected one of tpm2, tang, sss`;
      yield { code: "ErrUnknownClevisPin", path: [...at, "custom", "pin"], text };
    }
    const path = [...at, "custom", "config"];
    if (!config) yield { code: "ErrClevisConfigRequired", path, text: "is missing" };
  }
  if (pin && (tang.length > 0 || tpm2 === true || threshold)) {
    const text = "has a custom pin beside tpm2, tang or threshold";
    yield { code: "ErrClevisCustomWithOthers", path: at, text };
  }
  for (const [index, server] of tang.entries()) yield* checkTang(server, [...at, "tang", index]);
}

function* checkTang({ url, thumbprint, advertisement }: Tang, at: ConfigPath): Generator<Problem> {
  const problem = urlProblem(url ?? "", ["http", "https"]);
  if (problem !== undefined) yield { ...problem, path: [...at, "url"] };
  if (!thumbprint) {
    const path = [...at, "thumbprint"];
    yield { code: "ErrTangThumbprintRequired", path, text: "is missing" };
  }
  if (!advertisement || isJson(advertisement)) return;
  const path = [...at, "advertisement"];
  yield { code: "ErrInvalidTangAdvertisement", path, text: "is not JSON" };
}

function* checkCex({ cex, clevis, keyFile }: Luks, at: ConfigPath): Generator<Problem> {
  if (cex?.enabled !== true) return;
  const path = [...at, "cex"];
  const { custom, tang = [], tpm2, threshold } = clevis ?? {};
  if (custom?.pin || tang.length > 0 || tpm2 === true || threshold) {
    yield { code: "ErrCexWithClevis", path, text: "cannot be used with clevis" };
  }
  if (keyFile?.source) {
    yield { code: "ErrCexWithKeyFile", path, text: "cannot be used with a key file" };
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
