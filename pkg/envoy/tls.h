// TLS contexts inside of the mesh, their SDS secrets, and server names (SNI).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/label_map.h"
#include "pkg/envoy/api.h"

namespace kuma::envoy {

inline constexpr char kKumaAlpn[] = "kuma";

// The two secrets of a proxy and how peers are checked.
struct TlsIdentity {
  std::string identity_secret;
  std::string ca_secret;
};

SubjectAltNameMatcher UriExact(std::string uri);
SubjectAltNameMatcher UriPrefix(std::string prefix);
std::string ServiceSpiffeId(std::string_view mesh, std::string_view service);
std::string MeshSpiffePrefix(std::string_view mesh);
std::string KumaTagId(std::string_view tag, std::string_view value);

DownstreamTlsContext ServerTls(const TlsIdentity& identity, const std::vector<SubjectAltNameMatcher>& clients);
// `servers` empty: any certificate of the CA.
UpstreamTlsContext ClientTls(const TlsIdentity& identity, const std::vector<SubjectAltNameMatcher>& servers, std::string sni);
// Certificates in place, the client's checked against `ca` and a DNS name (the admin listener).
DownstreamTlsContext InlineServerTls(std::string cert_pem, std::string key_pem, std::string ca_pem, std::string client_dns_name);

Secret IdentitySecret(std::string name, std::string certificates_pem, std::string key_pem);
Secret CaSecret(std::string name, std::string certificates_pem);
// Trust of several SPIFFE trust domains: domain -> PEM bundles.
Secret TrustBundleSecret(std::string name, const std::map<std::string, std::string, std::less<>>& pem_by_domain);

// "backend{mesh=demo,version=v1}": server name of a service known by tags. `tags` holds kuma.io/service and mesh.
std::string SniOfTags(const LabelMap& tags);
// Server name of a resource for zone proxies: a<hash>.<name>.<port>.<mesh>.<ms|mes|mzms>.
std::string SniOfResource(std::string_view name, std::string_view mesh, std::string_view type, uint32_t port);

}  // namespace kuma::envoy
