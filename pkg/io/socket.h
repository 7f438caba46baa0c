// Listening and accepting, TCP and Unix, with errors a person can act on. Used by the servers of this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "pkg/base/result.h"
#include "pkg/io/fd.h"
#include "pkg/io/loop.h"

namespace kuma::io {

struct ListenOptions {
  std::string address;     // IP or host name; empty is every address of both families
  uint16_t port = 0;       // 0 picks a free one
  std::string unix_path;   // when set: a Unix socket, address and port are unused
  int unix_mode = 0;       // permissions of the Unix socket; 0 leaves what umask gives
  std::string in_use_hint; // in brackets after "… is already in use": "another kuma-cp? set apiServer.http.port / KUMA_…"
};

struct ListenSocket {
  ScopedFd fd;
  uint16_t port = 0;    // the bound one
  std::string address;  // "127.0.0.1:5681" or "unix:/path"
};

Result<ListenSocket> OpenListener(const ListenOptions& options);

std::string HostPort(const std::string& host, uint16_t port);  // brackets around IPv6
std::string PeerAddress(int fd);                               // "ip:port", or "unix"
std::string ErrnoText(int error);

// Accepts on the loop until destroyed or closed. on_accept(fd, peer address) owns the descriptor, which is non-blocking.
// Out of descriptors: waits a little and goes on, established connections are served meanwhile.
class Acceptor {
 public:
  using OnAccept = std::function<void(ScopedFd, std::string)>;
  Acceptor(EventLoop& loop, ListenSocket socket, OnAccept on_accept);
  ~Acceptor();
  void Start();  // loop thread
  void Close();  // loop thread, or loop not running; removes the file of a Unix socket

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kuma::io
