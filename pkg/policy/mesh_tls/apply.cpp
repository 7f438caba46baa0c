#include "pkg/policy/mesh_tls/apply.h"

namespace kuma::policy {

namespace {

using TlsParameters = envoy::TlsParameters;

TlsParameters::TlsProtocol Version(const std::string& text) {
  if (text == "TLS10") return TlsParameters::TLSv1_0;
  if (text == "TLS11") return TlsParameters::TLSv1_1;
  if (text == "TLS12") return TlsParameters::TLSv1_2;
  if (text == "TLS13") return TlsParameters::TLSv1_3;
  return TlsParameters::TLS_AUTO;
}

void SetVersions(TlsParameters& params, const std::string& min, const std::string& max) {
  if (!min.empty()) params.set_tls_minimum_protocol_version(Version(min));
  if (!max.empty()) params.set_tls_maximum_protocol_version(Version(max));
}

void SetCiphers(TlsParameters& params, const Json& ciphers) {
  for (const Json& cipher : ciphers) {
    if (cipher.is_string()) params.add_cipher_suites(cipher.get<std::string>());
  }
}

void SetServerParameters(envoy::CommonTlsContext& context, const Json& conf, bool workload_identity) {
  const Json& version = Get(conf, "tlsVersion");
  const Json& ciphers = Get(conf, "tlsCiphers");
  const std::string min = GetString(version, "min");
  const std::string max = GetString(version, "max");
  if (workload_identity) {
    // As the reference: with an upper bound the lower one is not sent.
    if (!ciphers.empty()) SetCiphers(*context.mutable_tls_params(), ciphers);
    if (!min.empty() || !max.empty()) SetVersions(*context.mutable_tls_params(), max.empty() ? min : "", max);
    return;
  }
  if (min.empty() && max.empty()) return;  // as the reference: ciphers of an inbound count only together with a version
  SetVersions(*context.mutable_tls_params(), min, max);
  SetCiphers(*context.mutable_tls_params(), ciphers);
}

bool Permissive(const ProxyFacts& proxy, const Json& conf) {
  const std::string mode = GetString(conf, "mode");
  if (!mode.empty()) return mode == "Permissive";
  return !proxy.workload_identity && proxy.permissive;
}

// Without a policy the mesh's own mode stands, and with a MeshIdentity everything is strict.
bool Applies(const ProxyFacts& proxy, const PolicySlice& slice) {
  return proxy.UsesTls() && (proxy.workload_identity || !slice.inbound.empty());
}

void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  if (!Applies(draft.proxy, slice)) return;
  const Json conf = slice.CatchAll();
  BuildInboundChains(draft, Permissive(draft.proxy, conf));
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    if (chain.tls) SetServerParameters(*chain.tls->mutable_common_tls_context(), conf, draft.proxy.workload_identity);
  }
}

void Cluster(OutboundClusterDraft& draft, const PolicySlice& slice) {
  const bool leaves_mesh = draft.external || (draft.destination && draft.destination->type == "MeshExternalService");
  if (!Applies(draft.proxy, slice) || leaves_mesh || !draft.cluster.tls || (!draft.destination && !draft.has_outbound)) return;
  const Json conf = slice.CatchAll();
  const Json& version = Get(conf, "tlsVersion");
  const Json& ciphers = Get(conf, "tlsCiphers");
  const std::string min = GetString(version, "min");
  const std::string max = GetString(version, "max");
  if (ciphers.empty() && min.empty() && max.empty()) return;
  TlsParameters& params = *draft.cluster.tls->mutable_common_tls_context()->mutable_tls_params();
  params.Clear();
  SetVersions(params, min, max);
  SetCiphers(params, ciphers);
}

void Proxy(ProxyDraft& draft, const PolicySlice& slice) {
  const ProxyFacts& proxy = draft.proxy;
  if (!Applies(proxy, slice) || draft.inbounds.empty()) return;
  // As the reference, these listeners exist even where traffic is not redirected (their port is 0 then).
  const bool strict = !Permissive(proxy, slice.CatchAll());
  for (const bool ipv6 : {false, true}) {
    envoy::ListenerDraft listener = InboundPassthroughListener(proxy, draft.inbounds, ipv6, strict);
    std::string name = listener.listener.name();
    draft.listeners.insert_or_assign(std::move(name), std::move(listener));
  }
}

}  // namespace

PolicyHooks MeshTLSHooks() {
  return {.type = "MeshTLS", .order = 300, .inbound = Inbound, .cluster = Cluster, .proxy = Proxy, .cluster_reads_inbound = true};
}

}  // namespace kuma::policy
