#include "pkg/dp/dns/tcp_session.h"

#include <sys/socket.h>

#include <cerrno>

namespace kuma::dp::dns {
namespace {

constexpr Nanos kIdle = std::chrono::seconds(10);

}  // namespace

void TcpSession::Start() {
  Arm();
  Read();
}

void TcpSession::Close() {
  if (closed_) return;
  closed_ = true;
  idle_.Cancel();
  watcher_.Close();
}

void TcpSession::Arm() {
  idle_.Cancel();
  idle_ = loop_.PostAfter(kIdle, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Close();
  });
}

void TcpSession::Read() {
  while (!closed_) {
    const size_t length =
        input_.size() < 2 ? 0 : static_cast<size_t>((static_cast<uint8_t>(input_[0]) << 8) | static_cast<uint8_t>(input_[1]));
    if (input_.size() >= 2 && input_.size() >= 2 + length) {
      std::string query = input_.substr(2, length);
      input_.erase(0, 2 + length);
      return handler_(std::move(query), [self = shared_from_this()](const std::string& reply) { self->Reply(reply); });
    }
    char chunk[4096];
    const ssize_t n = ::recv(watcher_.fd(), chunk, sizeof chunk, 0);
    if (n > 0) {
      input_.append(chunk, static_cast<size_t>(n));
    } else if (n < 0 && errno == EAGAIN) {
      return watcher_.WaitReadable([self = shared_from_this()] { self->Read(); });
    } else if (n == 0 || errno != EINTR) {
      return Close();
    }
  }
}

void TcpSession::Reply(const std::string& reply) {
  if (closed_) return;
  if (reply.empty() || reply.size() > 65535) return Close();
  output_.push_back(static_cast<char>(reply.size() >> 8));
  output_.push_back(static_cast<char>(reply.size() & 0xff));
  output_ += reply;
  Write();
}

void TcpSession::Write() {
  while (!closed_ && !output_.empty()) {
    const ssize_t n = ::send(watcher_.fd(), output_.data(), output_.size(), MSG_NOSIGNAL);
    if (n > 0) {
      output_.erase(0, static_cast<size_t>(n));
    } else if (n < 0 && errno == EAGAIN) {
      return watcher_.WaitWritable([self = shared_from_this()] { self->Write(); });
    } else if (n < 0 && errno != EINTR) {
      return Close();
    }
  }
  if (closed_) return;
  Arm();
  Read();
}

}  // namespace kuma::dp::dns
