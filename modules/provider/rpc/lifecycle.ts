// SPDX-License-Identifier: Apache-2.0
// The RPCs about the provider itself: who it is, what it can, its configuration, its end.

import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { packageSchema } from "../package-schema.ts";
import type { Provider } from "../provider.ts";

export async function handshake(
  provider: Provider,
  request: providerPb.ProviderHandshakeRequest,
): Promise<providerPb.ProviderHandshakeResponse> {
  provider.attach(request.getEngineAddress());
  const response = new providerPb.ProviderHandshakeResponse();
  response.setAcceptSecrets(true);
  return response;
}

export async function attach(
  provider: Provider,
  request: pluginPb.PluginAttach,
): Promise<emptyPb.Empty> {
  provider.attach(request.getAddress());
  return new emptyPb.Empty();
}

export async function cancel(provider: Provider): Promise<emptyPb.Empty> {
  provider.cancel();
  return new emptyPb.Empty();
}

export async function getPluginInfo(provider: Provider): Promise<pluginPb.PluginInfo> {
  const response = new pluginPb.PluginInfo();
  response.setVersion(provider.version);
  return response;
}

export async function getSchema(
  provider: Provider,
  request: providerPb.GetSchemaRequest,
): Promise<providerPb.GetSchemaResponse> {
  if (request.getVersion() !== 0) {
    throw new Error(`Cannot give schema version ${request.getVersion()}: expected 0`);
  }
  const response = new providerPb.GetSchemaResponse();
  response.setSchema(packageSchema(provider.handlers, provider.version));
  return response;
}

/** The provider has no settings, but gets all of the project's when that is called `corefly` too: any are fine. */
export async function checkConfig(
  _provider: Provider,
  request: providerPb.CheckRequest,
): Promise<providerPb.CheckResponse> {
  const response = new providerPb.CheckResponse();
  response.setInputs(request.getNews());
  return response;
}

export async function diffConfig(): Promise<providerPb.DiffResponse> {
  const response = new providerPb.DiffResponse();
  response.setChanges(providerPb.DiffResponse.DiffChanges.DIFF_NONE);
  return response;
}

export async function configure(): Promise<providerPb.ConfigureResponse> {
  const response = new providerPb.ConfigureResponse();
  response.setAcceptsecrets(true);
  response.setSupportspreview(true);
  // Resource references and output values would say nothing that ids and plain values do not.
  response.setAcceptresources(false);
  response.setAcceptoutputs(false);
  return response;
}
