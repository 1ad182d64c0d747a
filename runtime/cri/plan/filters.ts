// SPDX-License-Identifier: Apache-2.0
// Which pods and containers a list request means. All parts of a filter must match (api.proto).

export interface LabelFilter {
  readonly id: string;
  readonly labelSelector: Readonly<Record<string, string>>;
}

/** An empty id matches everything; else the beginning counts, as in CRI-O and containerd, for people with crictl. */
export function matchesId(id: string, wanted: string): boolean {
  return wanted === "" || id.startsWith(wanted);
}

export function matchesLabels(
  labels: Readonly<Record<string, string>>,
  selector: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([key, value]) => labels[key] === value);
}
