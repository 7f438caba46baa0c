// kuma-dp's DNS server, over UDP and TCP: names of the mesh from the pushed table, everything else from the machine's resolvers.
// Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/metrics.h"
#include "pkg/base/result.h"
#include "pkg/dp/dns/upstream.h"
#include "pkg/io/loop.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp::dns {

struct ServerOptions {
  std::vector<std::string> addresses = {"127.0.0.1"};
  uint16_t port = 0;  // 0: a free one
  bool log_queries = false;
  MetricRegistry* metrics = nullptr;  // gets kuma_dp_dns_…; outlives the server
  UpstreamOptions upstream;  // without servers: those of /etc/resolv.conf
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> Start(io::EventLoop& loop, io::WorkerPool& pool, ServerOptions options);
  ~Server();

  uint16_t port() const;
  // Replaces the table; an error keeps the old one.
  Status SetNames(const std::string& json);
  bool has_names() const;

 private:
  struct State;
  explicit Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace kuma::dp::dns
