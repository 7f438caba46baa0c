// One DNS client over TCP: messages with a length in front, answered one after another. Keeps itself alive while it waits. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pkg/io/fd.h"
#include "pkg/io/loop.h"

namespace kuma::dp::dns {

class TcpSession : public std::enable_shared_from_this<TcpSession> {
 public:
  // Answers one query, now or later; an empty reply closes the session.
  using Handler = std::function<void(std::string query, std::function<void(std::string reply)>)>;

  TcpSession(io::EventLoop& loop, io::ScopedFd fd, Handler handler)
      : loop_(loop), watcher_(loop, fd.Take()), handler_(std::move(handler)) {}
  void Start();
  void Close();

 private:
  void Read();
  void Reply(const std::string& reply);
  void Write();
  void Arm();

  io::EventLoop& loop_;
  io::FdWatcher watcher_;
  const Handler handler_;
  std::string input_;
  std::string output_;
  io::Timer idle_;
  bool closed_ = false;
};

}  // namespace kuma::dp::dns
