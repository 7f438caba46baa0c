#include "pkg/envoy/tls.h"

#include <array>
#include <cstdio>

#include "envoy/extensions/transport_sockets/tls/v3/tls_spiffe_validator_config.pb.h"
#include "pkg/base/strings.h"
#include "pkg/envoy/agent.h"
#include "pkg/envoy/message.h"

namespace kuma::envoy {

namespace {

using SdsSecretConfig = ::envoy::extensions::transport_sockets::tls::v3::SdsSecretConfig;

void SetSecret(SdsSecretConfig* config, const std::string& name) {
  config->set_name(name);
  config->mutable_sds_config()->set_resource_api_version(::envoy::config::core::v3::V3);
  if (name != kAgentCaSecret && !name.starts_with("spiffe://")) {
    config->mutable_sds_config()->mutable_ads();
    return;
  }
  auto* source = config->mutable_sds_config()->mutable_api_config_source();
  source->set_api_type(::envoy::config::core::v3::ApiConfigSource::GRPC);
  source->add_grpc_services()->mutable_envoy_grpc()->set_cluster_name(kAgentCluster);
}

void FillCommon(CommonTlsContext* common, const TlsIdentity& identity, const std::vector<SubjectAltNameMatcher>& peers) {
  auto* combined = common->mutable_combined_validation_context();
  auto* validation = combined->mutable_default_validation_context();
  for (const SubjectAltNameMatcher& peer : peers) *validation->add_match_typed_subject_alt_names() = peer;
  SetSecret(combined->mutable_validation_context_sds_secret_config(), identity.ca_secret);
  SetSecret(common->add_tls_certificate_sds_secret_configs(), identity.identity_secret);
}

SubjectAltNameMatcher UriMatcher() {
  SubjectAltNameMatcher matcher;
  matcher.set_san_type(SubjectAltNameMatcher::URI);
  return matcher;
}

}  // namespace

SubjectAltNameMatcher UriExact(std::string uri) {
  SubjectAltNameMatcher matcher = UriMatcher();
  matcher.mutable_matcher()->set_exact(std::move(uri));
  return matcher;
}

SubjectAltNameMatcher UriPrefix(std::string prefix) {
  SubjectAltNameMatcher matcher = UriMatcher();
  matcher.mutable_matcher()->set_prefix(std::move(prefix));
  return matcher;
}

std::string ServiceSpiffeId(std::string_view mesh, std::string_view service) { return MeshSpiffePrefix(mesh) + std::string(service); }
std::string MeshSpiffePrefix(std::string_view mesh) { return "spiffe://" + std::string(mesh) + "/"; }
std::string KumaTagId(std::string_view tag, std::string_view value) { return "kuma://" + std::string(tag) + "/" + std::string(value); }

DownstreamTlsContext ServerTls(const TlsIdentity& identity, const std::vector<SubjectAltNameMatcher>& clients) {
  DownstreamTlsContext context;
  FillCommon(context.mutable_common_tls_context(), identity, clients);
  context.mutable_require_client_certificate()->set_value(true);
  return context;
}

UpstreamTlsContext ClientTls(const TlsIdentity& identity, const std::vector<SubjectAltNameMatcher>& servers, std::string sni) {
  UpstreamTlsContext context;
  FillCommon(context.mutable_common_tls_context(), identity, servers);
  context.mutable_common_tls_context()->add_alpn_protocols(kKumaAlpn);
  context.set_sni(std::move(sni));
  return context;
}

DownstreamTlsContext InlineServerTls(std::string cert_pem, std::string key_pem, std::string ca_pem, std::string client_dns_name) {
  DownstreamTlsContext context;
  CommonTlsContext* common = context.mutable_common_tls_context();
  auto* certificate = common->add_tls_certificates();
  certificate->mutable_certificate_chain()->set_inline_bytes(std::move(cert_pem));
  certificate->mutable_private_key()->set_inline_bytes(std::move(key_pem));
  auto* validation = common->mutable_validation_context();
  validation->mutable_trusted_ca()->set_inline_bytes(std::move(ca_pem));
  SubjectAltNameMatcher* matcher = validation->add_match_typed_subject_alt_names();
  matcher->set_san_type(SubjectAltNameMatcher::DNS);
  matcher->mutable_matcher()->set_exact(std::move(client_dns_name));
  context.mutable_require_client_certificate()->set_value(true);
  return context;
}

Secret IdentitySecret(std::string name, std::string certificates_pem, std::string key_pem) {
  Secret secret;
  secret.set_name(std::move(name));
  secret.mutable_tls_certificate()->mutable_certificate_chain()->set_inline_bytes(std::move(certificates_pem));
  secret.mutable_tls_certificate()->mutable_private_key()->set_inline_bytes(std::move(key_pem));
  return secret;
}

Secret CaSecret(std::string name, std::string certificates_pem) {
  Secret secret;
  secret.set_name(std::move(name));
  secret.mutable_validation_context()->mutable_trusted_ca()->set_inline_bytes(std::move(certificates_pem));
  return secret;
}

Secret TrustBundleSecret(std::string name, const std::map<std::string, std::string, std::less<>>& pem_by_domain) {
  ::envoy::extensions::transport_sockets::tls::v3::SPIFFECertValidatorConfig config;
  for (const auto& [domain, pem] : pem_by_domain) {
    auto* trust = config.add_trust_domains();
    trust->set_name(domain);
    trust->mutable_trust_bundle()->set_inline_bytes(pem);
  }
  Secret secret;
  secret.set_name(std::move(name));
  auto* validator = secret.mutable_validation_context()->mutable_custom_validator_config();
  validator->set_name("envoy.tls.cert_validator.spiffe");
  Pack(config, validator->mutable_typed_config());
  return secret;
}

std::string SniOfTags(const LabelMap& tags) {
  std::string service;
  std::vector<std::string> others;
  for (const auto& [key, value] : tags) {
    if (key == "kuma.io/service") {
      service = value;
    } else {
      others.push_back(key + "=" + value);
    }
  }
  return others.empty() ? service : service + "{" + Join(others, ",") + "}";
}

std::string SniOfResource(std::string_view name, std::string_view mesh, std::string_view type, uint32_t port) {
  // A DNS label has at most 63 characters; a cut name ends in x and the hash of the full one keeps it unique.
  const auto label = [](std::string_view text) { return text.size() > 62 ? std::string(text.substr(0, 62)) + "x" : std::string(text); };
  // The hashed text ends with the (empty) additional data of the format.
  const uint64_t hash = Fnv1a64(std::string(name) + ";" + std::string(mesh) + ";");
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx", static_cast<unsigned long long>(hash));
  const std::string_view kind = type == "MeshService" ? "ms" : type == "MeshExternalService" ? "mes" : "mzms";
  return "a" + std::string(hex.data()) + "." + label(name) + "." + std::to_string(port) + "." + label(mesh) + "." + std::string(kind);
}

}  // namespace kuma::envoy
