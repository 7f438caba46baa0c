// Configuration of kuma-dp itself, which the control plane puts into a listener of Envoy on a Unix socket. Envoy cannot push it, so it is
// asked for: quickly until there is something, then once per interval with the entity tag, which costs an empty answer. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/metrics.h"
#include "pkg/base/result.h"
#include "pkg/io/http_client.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp {

class ConfigFetcher {
 public:
  // A failed handler gets the same body again at the next interval. With `tell_when_gone` it gets an empty body when Envoy no longer has
  // the configuration.
  using Handler = std::function<Status(const std::string& body)>;

  // `metrics` may be null, or outlives this.
  ConfigFetcher(io::EventLoop& loop, io::WorkerPool& pool, std::string socket_path, Nanos interval, MetricRegistry* metrics);
  ~ConfigFetcher() { Stop(); }

  // REQUIRES: not started
  void AddHandler(std::string path, Handler handler, bool tell_when_gone = false);
  void Start();
  void Stop();

 private:
  struct Entry {
    std::string path;
    Handler handler;
    std::string etag;
    bool tell_when_gone = false;
    Nanos pause{};
    io::Timer timer;
  };
  void Ask(size_t index);
  void Take(Entry& entry, const Result<io::HttpResponse>& reply);

  io::EventLoop& loop_;
  io::WorkerPool& pool_;
  const std::string socket_path_;
  const Nanos interval_;
  MetricRegistry* const metrics_;
  const Logger log_{"kuma-dp.config-fetcher"};
  std::vector<Entry> entries_;
  std::shared_ptr<char> alive_;  // while started
};

}  // namespace kuma::dp
