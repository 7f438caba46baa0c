// Certificates of the control plane itself: the self-signed one of its servers, kept in the working directory; and the two internal
// authorities, for reaching Envoy's admin interface and for control planes among each other. `kumactl generate tls-certificate`
// uses SelfSignedCert too. Every Make… and SelfSigned… generates an RSA key unless the KeySource has one ready.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/ca/issue.h"

namespace kuma::ca {

inline constexpr const char* kEnvoyAdminCaSecret = "envoy-admin-ca";
inline constexpr const char* kInterCpCaSecret = "inter-cp-ca";
inline constexpr const char* kEnvoyAdminClientSan = "kuma-cp";

// Self-signed, empty subject, CA, valid for ten years from five minutes ago. `hosts` are DNS names and IP addresses.
Result<KeyPair> SelfSignedCert(CertPurpose purpose, const KeySpec& key, const std::vector<std::string>& hosts, const KeySource& keys, const Clock& clock);

// Names of the pair's files in a working directory.
inline constexpr const char* kCpCertFile = "kuma-cp.crt";
inline constexpr const char* kCpKeyFile = "kuma-cp.key";

struct CpCertFiles {
  std::string cert_path;
  std::string key_path;
  bool generated = false;
  std::vector<std::string> hosts;  // when generated
};
// The pair in `work_dir`, made for the host name, "localhost" and all addresses of this machine when the files are missing or empty.
Result<CpCertFiles> EnsureCpCert(const std::string& work_dir, const KeySource& keys, const Clock& clock);
// Addresses of all interfaces, sorted as text.
std::vector<std::string> MachineAddresses();

// Both are RSA-2048, "CN=Envoy Admin CA,OU=Mesh,O=Kuma" and "CN=Control Plane Intercommunication CA,OU=Mesh,O=Kuma".
// The secret's data is cert_pem + key_pem, which SplitPair() takes apart.
Result<KeyPair> MakeEnvoyAdminCa(const KeySource& keys, const Clock& clock);
Result<KeyPair> MakeInterCpCa(const KeySource& keys, const Clock& clock);

// A certificate of one of the two: for an Envoy admin listener kServer with its addresses, for the control plane kClient with
// kEnvoyAdminClientSan, between control planes both with the instance's address. REQUIRES: purpose is not kAny
Result<KeyPair> IssueInternalCert(const Authority& authority, CertPurpose purpose, const std::vector<std::string>& hosts, const KeySource& keys,
                                  const Clock& clock);

}  // namespace kuma::ca
