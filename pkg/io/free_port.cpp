#include "pkg/io/free_port.h"

#include "pkg/io/socket.h"

namespace kuma::io {

Result<std::vector<uint16_t>> FindFreePorts(const std::string& address, size_t count) {
  std::vector<ListenSocket> held;  // all open until the end, so that no port comes twice
  std::vector<uint16_t> ports;
  for (size_t i = 0; i < count; ++i) {
    KUMA_TRY_ASSIGN(ListenSocket socket, OpenListener({.address = address, .port = 0, .unix_path = {}, .unix_mode = 0, .in_use_hint = {}}));
    ports.push_back(socket.port);
    held.push_back(std::move(socket));
  }
  return ports;
}

Result<uint16_t> FindFreePort(const std::string& address) {
  KUMA_TRY_ASSIGN(std::vector<uint16_t> ports, FindFreePorts(address, 1));
  return ports.front();
}

bool IsPortFree(const std::string& address, uint16_t port) {
  return OpenListener({.address = address, .port = port, .unix_path = {}, .unix_mode = 0, .in_use_hint = {}}).ok();
}

}  // namespace kuma::io
