// Answers the probes of Kubernetes for applications whose ports only the mesh may reach: /<port>/<path> over HTTP, /tcp/<port> and
// /grpc/<port>. Headers "x-kuma-probes-…" say how; the answer is 200 HEALTHY or why not. Loop thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "pkg/base/log.h"
#include "pkg/io/http_server.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp::probes {

struct ProbeReply {
  int status = 503;
  std::string text;  // HEALTHY, UNHEALTHY, UNKNOWN

  bool operator==(const ProbeReply&) const = default;
};

class Prober {
 public:
  // `pod_address` is where applications listen. With `redirected`, probes leave from the address whose traffic is not caught.
  static Result<std::unique_ptr<Prober>> Start(io::EventLoop& loop, uint16_t port, std::string pod_address, bool redirected);
  ~Prober();

  uint16_t port() const { return server_->port(); }

 private:
  Prober(std::string pod_address, bool redirected);

  struct Context {
    std::string address;
    std::string source;
    const Logger log{"kuma-dp.application-probe-proxy"};

    ProbeReply Answer(const io::HttpRequest& request) const;
    ProbeReply AskHttp(const io::HttpRequest& request) const;
    ProbeReply AskTcp(uint16_t port, const io::HttpRequest& request) const;
    ProbeReply AskGrpc(uint16_t port, const io::HttpRequest& request) const;
  };
  const std::shared_ptr<const Context> context_;
  std::unique_ptr<io::HttpServer> server_;
  io::WorkerPool pool_;  // last: its end waits for probes
};

}  // namespace kuma::dp::probes
