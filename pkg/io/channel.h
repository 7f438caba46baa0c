// A byte stream over a non-blocking socket, plain or TLS, without waiting: every call does what it can and says what it waits for.
// The loop-based servers and the blocking client share it. One thread at a time. No buffers of its own, so that idle connections are cheap.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pkg/io/fd.h"
#include "pkg/io/tls.h"

namespace kuma::io {

enum class IoState {
  kDone,       // for reads and writes: `bytes` > 0
  kWantRead,   // try again when the descriptor is readable
  kWantWrite,  // … writable
  kEnd,        // the peer will send nothing more
  kError,      // error() says why; the channel is of no more use
};

struct IoOutcome {
  IoState state = IoState::kDone;
  size_t bytes = 0;
};

// What a server knows about the other side.
struct PeerInfo {
  std::string address;  // "ip:port" or "unix"
  bool is_tls = false;
  std::string alpn;
  std::string client_cert_pem;      // verified; empty without
  std::string client_cert_subject;  // RFC 2253
};

class Channel {
 public:
  explicit Channel(int fd) : fd_(fd) {}  // the descriptor is borrowed
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Before the first byte; Handshake() must be driven to kDone then.
  void StartTls(SslPtr ssl);
  bool is_tls() const { return ssl_ != nullptr; }
  IoOutcome Handshake();
  // REQUIRES: size > 0
  IoOutcome Read(char* data, size_t size);
  IoOutcome Write(const char* data, size_t size);
  // Tells the peer that nothing more comes (FIN, after close_notify with TLS).
  void ShutdownWrite();
  const std::string& error() const { return error_; }
  // A client spoke plain HTTP to a TLS server; it can be told so in plain text.
  bool saw_plain_http() const { return saw_plain_http_; }
  void DescribePeer(PeerInfo& peer) const;

 private:
  IoOutcome TlsOutcome(int result);

  const int fd_;
  SslPtr ssl_;
  std::unique_ptr<TlsVerifyNote> note_;
  std::string error_;
  bool saw_plain_http_ = false;
  bool write_closed_ = false;
};

}  // namespace kuma::io
