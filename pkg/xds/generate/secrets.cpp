#include "pkg/xds/generate/secrets.h"

#include <map>

#include "pkg/base/strings.h"
#include "pkg/envoy/tls.h"

namespace kuma::xds {

namespace {

struct SecretsInput {
  envoy::TlsIdentity names;
  IdentityPtr identity;
  std::map<std::string, std::string, std::less<>> trust;  // PEM bundles by domain; empty: the mesh's own CA
  bool workload_identity = false;
};

UnitOutput Generate(const SecretsInput& input) {
  UnitOutput output;
  output.Add(ResourceType::kSecret, envoy::IdentitySecret(input.names.identity_secret, input.identity->cert_pem, input.identity->key_pem));
  // A MeshIdentity is trusted through MeshTrusts alone.
  if (input.workload_identity && input.trust.empty()) return output;
  output.Add(ResourceType::kSecret, input.trust.empty() ? envoy::CaSecret(input.names.ca_secret, Join(input.identity->ca_pems, "\n"))
                                                        : envoy::TrustBundleSecret(input.names.ca_secret, input.trust));
  return output;
}

std::map<std::string, std::string, std::less<>> TrustBundles(const mesh::Snapshot& snapshot) {
  std::map<std::string, std::string, std::less<>> trust;
  for (const ResourcePtr& resource : snapshot.Resources("MeshTrust")) {
    std::string& bundle = trust[GetString(resource->spec, "trustDomain")];
    for (const Json& ca : Get(resource->spec, "caBundles")) {
      if (!bundle.empty()) bundle += "\n";
      bundle += GetString(Get(ca, "pem"), "value");
    }
  }
  return trust;
}

}  // namespace

Unit SecretsUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const IdentityPtr& identity, const mesh::Snapshot& snapshot) {
  auto input = std::make_shared<SecretsInput>(SecretsInput{facts->tls, identity, {}, facts->workload_identity});
  // Where the CA secret is the trust bundle; a zone egress has its mesh's own CA.
  if (facts->workload_identity || !facts->trust_domains.empty()) input->trust = TrustBundles(snapshot);
  DigestBuilder digest;
  digest.Add("secrets").Add(uint64_t{input->workload_identity}).Add(input->names.identity_secret).Add(input->names.ca_secret).Add(identity->digest).Add(input->trust.size());
  for (const auto& [domain, pem] : input->trust) digest.Add(domain).Add(pem);
  return {UnitKind::kSecrets, "secrets", digest.Finish(), [input] { return Generate(*input); }};
}

}  // namespace kuma::xds
