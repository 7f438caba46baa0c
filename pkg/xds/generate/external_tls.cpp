#include "pkg/xds/generate/external_tls.h"

#include "pkg/envoy/cluster.h"

namespace kuma::xds {

namespace {

void AddNameMatchers(::envoy::extensions::transport_sockets::tls::v3::CertificateValidationContext& validation, const std::string& name) {
  for (const auto type : {envoy::SubjectAltNameMatcher::DNS, envoy::SubjectAltNameMatcher::IP_ADDRESS}) {
    envoy::SubjectAltNameMatcher* matcher = validation.add_match_typed_subject_alt_names();
    matcher->set_san_type(type);
    matcher->mutable_matcher()->set_exact(name);
  }
}

envoy::UpstreamTlsContext MakeContext(const mesh::Endpoint& endpoint) {
  const mesh::ExternalEndpoint& external = *endpoint.external;
  envoy::UpstreamTlsContext context;
  context.set_allow_renegotiation(external.allow_renegotiation);
  std::string sni = external.server_name;
  if (sni.empty() && !envoy::IsIpAddress(endpoint.address)) sni = endpoint.address;
  context.set_sni(sni);
  if (!external.client_cert.empty() && !external.client_key.empty()) {
    auto* certificate = context.mutable_common_tls_context()->add_tls_certificates();
    certificate->mutable_certificate_chain()->set_inline_bytes(external.client_cert);
    certificate->mutable_private_key()->set_inline_bytes(external.client_key);
  }
  if (!external.ca_cert.empty()) {
    auto* validation = context.mutable_common_tls_context()->mutable_validation_context();
    validation->mutable_trusted_ca()->set_inline_bytes(external.ca_cert);
    if (!external.skip_hostname_verification) AddNameMatchers(*validation, sni.empty() ? endpoint.address : sni);
  }
  return context;
}

using TlsParameters = ::envoy::extensions::transport_sockets::tls::v3::TlsParameters;

TlsParameters::TlsProtocol Version(const std::string& text) {
  if (text == "TLS10") return TlsParameters::TLSv1_0;
  if (text == "TLS11") return TlsParameters::TLSv1_1;
  if (text == "TLS12") return TlsParameters::TLSv1_2;
  if (text == "TLS13") return TlsParameters::TLSv1_3;
  return TlsParameters::TLS_AUTO;
}

// Names, authorities and versions that a MeshExternalService asks for; nothing is checked without an authority.
void AddVerification(envoy::UpstreamTlsContext& context, const mesh::Endpoint& endpoint, const std::string& system_ca_path) {
  const mesh::ExternalEndpoint& external = *endpoint.external;
  const Json& verification = Get(external.tls, "verification");
  const std::string mode = GetString(verification, "mode");
  const bool skip_ca = mode == "SkipCA" || mode == "SkipAll";
  if (external.ca_cert.empty()) {
    if (skip_ca || system_ca_path.empty()) return;
    auto* validation = context.mutable_common_tls_context()->mutable_validation_context();
    validation->mutable_trusted_ca()->set_filename(system_ca_path);
    if (!external.skip_hostname_verification) AddNameMatchers(*validation, context.sni().empty() ? endpoint.address : context.sni());
  }
  auto* validation = context.mutable_common_tls_context()->mutable_validation_context();
  if (!external.skip_hostname_verification) {
    for (const auto type : {envoy::SubjectAltNameMatcher::DNS, envoy::SubjectAltNameMatcher::IP_ADDRESS}) {
      for (const Json& name : Get(verification, "subjectAltNames")) {
        envoy::SubjectAltNameMatcher* matcher = validation->add_match_typed_subject_alt_names();
        matcher->set_san_type(type);
        if (GetString(name, "type") == "Prefix") {
          matcher->mutable_matcher()->set_prefix(GetString(name, "value"));
        } else {
          matcher->mutable_matcher()->set_exact(GetString(name, "value"));
        }
      }
    }
  }
  const Json& version = Get(external.tls, "version");
  const std::string min = GetString(version, "min");
  const std::string max = GetString(version, "max");
  if (min.empty() && max.empty()) return;
  TlsParameters& params = *context.mutable_common_tls_context()->mutable_tls_params();
  if (!min.empty()) params.set_tls_minimum_protocol_version(Version(min));
  if (!max.empty()) params.set_tls_maximum_protocol_version(Version(max));
}

}  // namespace

void AddMeshExternalTls(envoy::ClusterDraft& cluster, const std::vector<mesh::Endpoint>& endpoints, const std::string& system_ca_path) {
  if (endpoints.empty()) return;
  const mesh::Endpoint& first = endpoints.front();
  if (first.external == nullptr || !first.external->tls_enabled) return;
  envoy::UpstreamTlsContext context = MakeContext(first);
  AddVerification(context, first, system_ca_path);
  auto* match = cluster.cluster.add_transport_socket_matches();
  match->set_name(first.address);
  match->mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  envoy::Pack(context, match->mutable_transport_socket()->mutable_typed_config());
}

void AddExternalTls(envoy::ClusterDraft& cluster, const std::vector<mesh::Endpoint>& endpoints) {
  for (const mesh::Endpoint& endpoint : endpoints) {
    if (endpoint.external == nullptr || !endpoint.external->tls_enabled) continue;
    auto* match = cluster.cluster.add_transport_socket_matches();
    match->set_name(endpoint.address);
    mesh::Tags tags = endpoint.tags;
    tags.erase(std::string(kServiceTag));
    *match->mutable_match() = envoy::StringStruct(tags);
    match->mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
    envoy::Pack(MakeContext(endpoint), match->mutable_transport_socket()->mutable_typed_config());
  }
}

}  // namespace kuma::xds
