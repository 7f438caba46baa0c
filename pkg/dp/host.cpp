#include "pkg/dp/host.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include <climits>
#include <cstdlib>
#include <functional>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

// Every address of every interface, until `visit` says true.
bool AnyAddress(const std::function<bool(const std::string& address, bool ipv6)>& visit) {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return false;
  bool found = false;
  for (const ifaddrs* entry = first; entry != nullptr && !found; entry = entry->ifa_next) {
    if (entry->ifa_addr == nullptr) continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (entry->ifa_addr->sa_family == AF_INET) {
      ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(entry->ifa_addr)->sin_addr, text, sizeof text);
      found = visit(text, false);
    } else if (entry->ifa_addr->sa_family == AF_INET6) {
      ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(entry->ifa_addr)->sin6_addr, text, sizeof text);
      found = visit(text, true);
    }
  }
  ::freeifaddrs(first);
  return found;
}

}  // namespace

uint64_t DetectMemoryLimit() {
  // Control groups version 2, then 1.
  for (const char* path :
       {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.limit_in_bytes"}) {
    const auto text = ReadFile(path, 4096);
    if (!text.ok()) continue;
    const auto value = ParseInt(Trim(*text));
    // Version 1 writes "no limit" as a number near 2^63.
    constexpr int64_t kNoLimit = int64_t{1} << 60;
    return value && *value > 0 && *value < kNoLimit ? static_cast<uint64_t>(*value) : 0;
  }
  return 0;
}

std::string FindSystemCaPath() {
  for (const char* path : {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                           "/etc/pki/tls/cacert.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"}) {
    if (FileExists(path)) return path;
  }
  return {};
}

bool HasIpv6Address() {
  return AnyAddress([](const std::string& address, bool ipv6) { return ipv6 && address != "::1"; });
}

bool IsLocalHost(const std::string& host) {
  if (host == "localhost" || host == "::1") return true;
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127) return true;
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) == 0 && host == name) return true;
  return AnyAddress([&](const std::string& address, bool) { return address == host; });
}

std::string OwnProgramPath() {
  char path[PATH_MAX] = {};
#ifdef __APPLE__
  uint32_t size = sizeof path;
  if (_NSGetExecutablePath(path, &size) != 0) return {};
#else
  if (::readlink("/proc/self/exe", path, sizeof path - 1) <= 0) return {};
#endif
  return path;
}

}  // namespace kuma::dp
