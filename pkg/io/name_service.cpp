#include "pkg/io/name_service.h"

#include <netdb.h>
#include <sys/socket.h>

#include <memory>
#include <set>

#ifdef __linux__
#include <features.h>
#endif
#ifdef __GLIBC__
#include <nss.h>
#include <sys/auxv.h>
#endif

namespace kuma::io {

void ConfigureStaticNameServices() {
#ifdef __GLIBC__
  // The kernel reports the address of the dynamic loader; a static executable has none.
  if (::getauxval(AT_BASE) == 0) __nss_configure_lookup("hosts", "files dns");
#endif
}

std::vector<std::string> LookUpAddresses(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  std::set<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST] = {};
    if (::getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) addresses.insert(text);
  }
  return {addresses.begin(), addresses.end()};
}

}  // namespace kuma::io
