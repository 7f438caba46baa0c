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

}  // namespace

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
