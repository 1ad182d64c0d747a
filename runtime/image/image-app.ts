// SPDX-License-Identifier: Apache-2.0
// What an image says about how to run it, whatever its format: the part of a stored image that stage0 and the CRI server use.

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface ImageMountPoint {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

export interface ImagePort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

export interface ImageApp {
  /** An ACI's exec. */
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly environment: readonly NameValue[];
  /** "/" when the image says nothing. */
  readonly workingDirectory: string;
  /** Empty when the image says nothing. */
  readonly user: string;
  readonly group: string;
  readonly supplementaryGroups: readonly number[];
  readonly stopSignal?: string;
  readonly mountPoints: readonly ImageMountPoint[];
  readonly ports: readonly ImagePort[];
  /** Paths for which an OCI image wants a volume. */
  readonly volumes: readonly string[];
}

/** An image without instructions. */
export const EMPTY_APP: ImageApp = {
  entrypoint: [],
  cmd: [],
  environment: [],
  workingDirectory: "/",
  user: "",
  group: "",
  supplementaryGroups: [],
  mountPoints: [],
  ports: [],
  volumes: [],
};
