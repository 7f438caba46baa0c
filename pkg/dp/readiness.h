// GET /ready for probes: 200 when Envoy says it is live, else 503 with the reason. Serves nothing else, since the port may be open to
// the network. Loop thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "pkg/dp/bootstrap_config.h"
#include "pkg/io/http_server.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp {

class ReadinessReporter {
 public:
  // A busy port is an error when `fixed`, else another one is taken.
  static Result<std::unique_ptr<ReadinessReporter>> Start(io::EventLoop& loop, io::WorkerPool& pool, const std::string& address,
                                                          uint16_t port, bool fixed);

  uint16_t port() const { return server_->port(); }
  const std::string& address() const { return server_->address(); }

  // Until Envoy can be asked: why it cannot.
  void SetReason(std::string reason) { reason_ = std::move(reason); }
  void AskEnvoy(AdminAddress admin) { admin_ = std::move(admin); }
  // An additional condition; empty when it holds, else the reason.
  void SetGate(std::function<std::string()> gate) { gate_ = std::move(gate); }
  void SetTerminating() { terminating_ = true; }

 private:
  ReadinessReporter(io::EventLoop& loop, io::WorkerPool& pool) : loop_(loop), pool_(pool) {}
  void Answer(const io::HttpRequest& request, const io::Responder& responder);

  io::EventLoop& loop_;
  io::WorkerPool& pool_;
  std::unique_ptr<io::HttpServer> server_;
  std::string reason_ = "starting";
  AdminAddress admin_;
  std::function<std::string()> gate_;
  bool terminating_ = false;
};

}  // namespace kuma::dp
