#include "pkg/dp/wait.h"

#include "pkg/base/log.h"
#include "pkg/io/http_client.h"
#include "pkg/io/loop.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp {
namespace {

std::chrono::milliseconds AsMillis(Nanos duration) { return std::chrono::duration_cast<std::chrono::milliseconds>(duration); }

}  // namespace

Status WaitUntilReady(const WaitOptions& options) {
  const Logger log{"kuma-dp.wait"};
  io::HttpClientRequest request;
  request.url = options.unix_socket.empty() ? options.url : "unix:" + options.unix_socket + ":/ready";
  request.timeout = AsMillis(options.request_timeout);
  const auto url = io::ParseUrl(request.url);
  if (!url.ok()) return Invalid("invalid URL \"" + options.url + "\": " + url.error().message);
  if (url->scheme != "unix" && url->host != "localhost" && url->host != "127.0.0.1" && url->host != "::1") {
    return Invalid("URL host must be a loopback address, got \"" + url->host + "\"");
  }

  io::EventLoop loop;
  io::WorkerPool pool(1, 4);
  Status outcome = Unavailable("");
  std::string last = "it was not asked";
  std::function<void()> ask = [&] {
    io::HttpFetchAsync(loop, pool, request, [&](Result<io::HttpResponse> reply) {
      if (reply.ok() && reply->status == 200) {
        log.Info("data plane is ready");
        outcome = Ok();
        return loop.Stop();
      }
      last = reply.ok() ? "HTTP status code " + std::to_string(reply->status) : reply.error().message;
      log.Info("data plane proxy is not ready", {{"err", last}});
      loop.PostAfter(options.check_frequency, ask);
    });
  };
  log.Info("waiting for data plane proxy to be ready", {{"timeout", FormatDuration(options.timeout)}});
  loop.PostAfter(options.timeout, [&] {
    outcome = Unavailable("timeout occurred while waiting for data plane proxy to be ready: " + last);
    loop.Stop();
  });
  loop.Post(ask);
  loop.Run();
  pool.Stop();
  return outcome;
}

}  // namespace kuma::dp
