// SPDX-License-Identifier: Apache-2.0
// What the state has of a resource, as handlers get it: its inputs with its outputs on top.

import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { type Decoded, decodeProperties } from "../codec.ts";

export function recorded(
  inputs: structPb.Struct | undefined,
  outputs: structPb.Struct | undefined,
): Decoded {
  const old = decodeProperties(inputs);
  const state = decodeProperties(outputs);
  return {
    values: { ...old.values, ...state.values },
    secrets: new Map([...old.secrets, ...state.secrets]),
  };
}
