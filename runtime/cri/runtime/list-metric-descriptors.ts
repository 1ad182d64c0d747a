// SPDX-License-Identifier: Apache-2.0
// ListMetricDescriptors: which metrics ListPodSandboxMetrics has, and how they are labelled.
import type { RuntimeRpc } from "../rpc.ts";
import { metricDescriptors } from "../stats/metrics/messages.ts";

export const listMetricDescriptors: RuntimeRpc<"listMetricDescriptors"> = async () => ({
  descriptors: metricDescriptors(),
});
