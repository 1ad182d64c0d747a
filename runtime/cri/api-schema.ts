// SPDX-License-Identifier: Apache-2.0
// The one door to the generated code: everything in runtime/cri takes messages and descriptors of the CRI from here.
export * from "./gen/api_pb.ts";
