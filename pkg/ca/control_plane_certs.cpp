#include "pkg/ca/control_plane_certs.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "pkg/base/files.h"

namespace kuma::ca {
namespace {

constexpr std::chrono::minutes kClockSkew{5};
constexpr std::chrono::hours kValidity{10 * 365 * 24};

bool IsIpAddress(const std::string& host) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 || inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

CertRequest HostRequest(CertPurpose purpose, const std::vector<std::string>& hosts, const Clock& clock) {
  CertRequest request;
  for (const std::string& host : hosts) (IsIpAddress(host) ? request.ip_sans : request.dns_sans).push_back(host);
  request.not_before = clock.Now() - kClockSkew;
  request.not_after = request.not_before + kValidity;
  request.digital_signature = true;
  request.key_encipherment = true;
  request.server_auth = purpose == CertPurpose::kServer;
  request.client_auth = purpose == CertPurpose::kClient;
  return request;
}

Result<KeyPair> MakeInternalCa(const std::string& common_name, const KeySource& keys, const Clock& clock) {
  CertRequest request;
  request.subject = {{"O", "Kuma"}, {"OU", "Mesh"}, {"CN", common_name}};
  request.not_before = clock.Now() - kClockSkew;
  request.not_after = clock.Now() + kValidity;
  request.is_ca = true;
  request.cert_sign = true;
  request.crl_sign = true;
  KUMA_TRY_ASSIGN(const PrivateKey key, keys(kRsa2048));
  return SelfSign(request, key);
}

bool HasContent(const std::string& path) {
  const Result<std::string> content = ReadFile(path);
  return content.ok() && !content->empty();
}

}  // namespace

Result<KeyPair> SelfSignedCert(CertPurpose purpose, const KeySpec& key, const std::vector<std::string>& hosts, const KeySource& keys,
                               const Clock& clock) {
  CertRequest request = HostRequest(purpose, hosts, clock);
  request.is_ca = true;
  request.cert_sign = true;
  KUMA_TRY_ASSIGN(const PrivateKey made, keys(key));
  return SelfSign(request, made);
}

std::vector<std::string> MachineAddresses() {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, &freeifaddrs);
  std::vector<std::string> result;
  for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    const int family = entry->ifa_addr->sa_family;
    const void* address = nullptr;
    if (family == AF_INET) address = &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr;
    if (family == AF_INET6) address = &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr;
    char text[INET6_ADDRSTRLEN];
    if (address != nullptr && inet_ntop(family, address, text, sizeof text) != nullptr) result.emplace_back(text);
  }
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

Result<CpCertFiles> EnsureCpCert(const std::string& work_dir, const KeySource& keys, const Clock& clock) {
  CpCertFiles files{JoinPath(work_dir, kCpCertFile), JoinPath(work_dir, kCpKeyFile), false, {}};
  if (HasContent(files.cert_path) && HasContent(files.key_path)) return files;
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) return Internal("could not get a hostname of the machine");
  files.hosts = {host, "localhost"};
  for (std::string& address : MachineAddresses()) files.hosts.push_back(std::move(address));
  Result<KeyPair> pair = SelfSignedCert(CertPurpose::kServer, kRsa2048, files.hosts, keys, clock);
  if (!pair.ok()) return std::move(pair).error();
  Status saved = MakeDirs(work_dir, 0700);
  // The key first: a certificate without its key would be taken for a complete pair's beginning.
  if (saved.ok()) saved = WriteFileAtomic(files.key_path, pair->key_pem, 0600);
  if (saved.ok()) saved = WriteFileAtomic(files.cert_path, pair->cert_pem, 0600);
  if (!saved.ok()) {
    return Internal("failed to save auto-generated TLS cert and key into a working directory: " + saved.error().ToString() +
                    ", working directory could be changed using KUMA_GENERAL_WORK_DIR environment variable");
  }
  files.generated = true;
  return files;
}

Result<KeyPair> MakeEnvoyAdminCa(const KeySource& keys, const Clock& clock) { return MakeInternalCa("Envoy Admin CA", keys, clock); }

Result<KeyPair> MakeInterCpCa(const KeySource& keys, const Clock& clock) {
  return MakeInternalCa("Control Plane Intercommunication CA", keys, clock);
}

Result<KeyPair> IssueInternalCert(const Authority& authority, CertPurpose purpose, const std::vector<std::string>& hosts, const KeySource& keys,
                                  const Clock& clock) {
  KUMA_TRY_ASSIGN(const PrivateKey key, keys(kRsa2048));
  return authority.Sign(HostRequest(purpose, hosts, clock), key);
}

}  // namespace kuma::ca
