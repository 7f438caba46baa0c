// Fetches the bootstrap configuration from the control plane, again and again until it is there, is refused, or time is over.
// Lives on the loop; the requests themselves run on the pool.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/log.h"
#include "pkg/dp/bootstrap_config.h"
#include "pkg/dp/control_plane_trust.h"
#include "pkg/io/http_client.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp {

// What one attempt came to.
struct BootstrapAttempt {
  Result<BootstrapConfig> outcome = Unavailable("not tried");
  bool retry = false;  // the error may go away by itself
};

// Turns the answer of the control plane, or the failure to get one, into words for a person.
BootstrapAttempt JudgeBootstrapReply(const std::string& cp_url, const ControlPlaneTrust& trust, const Result<io::HttpResponse>& reply);

class BootstrapClient {
 public:
  using Done = std::function<void(Result<BootstrapConfig>)>;
  // Gives the request body for the authority that this attempt trusts.
  using MakeBody = std::function<std::string(const ControlPlaneTrust&)>;

  BootstrapClient(io::EventLoop& loop, io::WorkerPool& pool, const Clock& clock, const Settings& settings);
  ~BootstrapClient();

  // done() is called once, on the loop; not at all after destruction.
  void Fetch(MakeBody body, Done done);
  // Called with each failure that is tried again.
  void OnRetry(std::function<void(const std::string& why)> fn) { on_retry_ = std::move(fn); }

 private:
  void Try();
  void Finish(Result<BootstrapConfig> result);
  void Retry(Error error);
  void Judge(const ControlPlaneTrust& trust, const Result<io::HttpResponse>& reply);

  io::EventLoop& loop_;
  io::WorkerPool& pool_;
  const Clock& clock_;
  const Settings& settings_;
  const Logger log_{"kuma-dp.bootstrap"};
  MakeBody body_;
  Done done_;
  std::function<void(const std::string&)> on_retry_;
  MonotonicTime deadline_{};
  Nanos pause_{};
  io::Timer timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace kuma::dp
