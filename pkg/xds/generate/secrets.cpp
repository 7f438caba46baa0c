#include "pkg/xds/generate/secrets.h"

#include <map>

#include "pkg/base/strings.h"
#include "pkg/ca/mesh_ca.h"
#include "pkg/envoy/agent.h"
#include "pkg/envoy/cluster.h"
#include "pkg/envoy/tls.h"
#include "pkg/mesh/external.h"

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

// The root of the mesh's own backend; empty while it is being made.
std::string MeshCa(const mesh::Snapshot& snapshot) {
  const mesh::MeshConfig& mesh = *snapshot.mesh;
  const Json source = GetString(mesh.backend, "type") == "provided" ? Get(Get(mesh.backend, "conf"), "cert")
                                                                    : Json{{"secret", ca::BuiltinCertSecretName(mesh.name, mesh.backend_name)}};
  return mesh::ReadDataSource(source, snapshot.Resources("Secret")).value_or("");
}

std::map<std::string, std::string, std::less<>> TrustBundles(const mesh::Snapshot& snapshot, const IdentityPtr& identity, bool own_backend) {
  std::map<std::string, std::string, std::less<>> trust;
  for (const ResourcePtr& resource : snapshot.Resources("MeshTrust")) {
    std::string& bundle = trust[GetString(resource->spec, "trustDomain")];
    for (const Json& ca : Get(resource->spec, "caBundles")) {
      if (!bundle.empty()) bundle += "\n";
      bundle += GetString(Get(ca, "pem"), "value");
    }
  }
  if (!trust.empty() && snapshot.mesh->mtls_enabled) {
    std::string pem = own_backend ? Join(identity->ca_pems, "\n") : MeshCa(snapshot);
    std::string& bundle = trust[snapshot.mesh_name];
    if (!bundle.empty()) bundle += "\n";
    bundle += pem;
  }
  return trust;
}

}  // namespace

Unit AgentUnit(const ProxyInput& input) {
  std::string socket = GetString(input.node.metadata, "spireAgent.socketPath");
  if (socket.empty()) socket = input.identity->agent_socket;
  const Nanos timeout = input.identity->agent_timeout;
  DigestBuilder digest;
  digest.Add("identity agent").Add(socket).Add(static_cast<uint64_t>(timeout.count()));
  return {UnitKind::kSecrets, envoy::kAgentCluster, digest.Finish(), [socket, timeout] {
            envoy::Host host;
            host.unix_path = socket;
            envoy::ClusterDraft cluster = envoy::FixedCluster(envoy::kAgentCluster, {host}, false);
            envoy::SetConnectTimeout(cluster, timeout);
            envoy::UseHttp2(cluster);
            cluster.cluster.clear_type();
            UnitOutput output;
            output.Add(ResourceType::kCluster, std::move(cluster).Finish());
            return output;
          }};
}

Unit SecretsUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const IdentityPtr& identity, const mesh::Snapshot& snapshot) {
  auto input = std::make_shared<SecretsInput>(SecretsInput{facts->tls, identity, {}, facts->workload_identity});
  // Where the CA secret is the trust bundle; a zone egress has its mesh's own CA.
  if (facts->workload_identity || !facts->trust_domains.empty()) input->trust = TrustBundles(snapshot, identity, !facts->workload_identity);
  DigestBuilder digest;
  digest.Add("secrets").Add(uint64_t{input->workload_identity}).Add(input->names.identity_secret).Add(input->names.ca_secret).Add(identity->digest).Add(input->trust.size());
  for (const auto& [domain, pem] : input->trust) digest.Add(domain).Add(pem);
  return {UnitKind::kSecrets, "secrets", digest.Finish(), [input] { return Generate(*input); }};
}

}  // namespace kuma::xds
