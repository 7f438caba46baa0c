#include "pkg/dp/config_fetcher.h"

#include <algorithm>

namespace kuma::dp {
namespace {

constexpr Nanos kFirstPause = std::chrono::milliseconds(20);

}  // namespace

ConfigFetcher::ConfigFetcher(io::EventLoop& loop, io::WorkerPool& pool, std::string socket_path, Nanos interval, MetricRegistry* metrics)
    : loop_(loop), pool_(pool), socket_path_(std::move(socket_path)), interval_(interval), metrics_(metrics) {}

void ConfigFetcher::AddHandler(std::string path, Handler handler, bool tell_when_gone) {
  entries_.push_back({std::move(path), std::move(handler), {}, tell_when_gone, kFirstPause, {}});
}

void ConfigFetcher::Start() {
  alive_ = std::make_shared<char>();
  for (size_t i = 0; i < entries_.size(); ++i) Ask(i);
}

void ConfigFetcher::Stop() {
  alive_.reset();
  for (Entry& entry : entries_) entry.timer.Cancel();
}

void ConfigFetcher::Ask(size_t index) {
  Entry& entry = entries_[index];
  if (metrics_ != nullptr) {
    metrics_
        ->GetCounter("kuma_dp_envoyconfigfetcher_handler_call_count", "Number of times a configuration was asked for, changed or not.",
                     {{"path", entry.path}})
        .Add();
  }
  io::HttpClientRequest request;
  request.url = "unix:" + socket_path_ + ":" + entry.path;
  request.timeout = std::chrono::seconds(5);
  if (!entry.etag.empty()) request.headers.Add("If-None-Match", entry.etag);
  io::HttpFetchAsync(loop_, pool_, std::move(request), [this, index, alive = std::weak_ptr<char>(alive_)](Result<io::HttpResponse> reply) {
    if (alive.expired()) return;
    Entry& asked = entries_[index];
    Take(asked, reply);
    asked.timer = loop_.PostAfter(asked.pause, [this, index, alive] {
      if (!alive.expired()) Ask(index);
    });
  });
}

void ConfigFetcher::Take(Entry& entry, const Result<io::HttpResponse>& reply) {
  // The socket comes with the first configuration and may go with the last: not there is no error.
  const bool nothing = !reply.ok() || reply->status == 404;
  if (nothing && !entry.etag.empty() && entry.tell_when_gone) {
    entry.etag.clear();
    if (const Status taken = entry.handler({}); !taken.ok()) {
      log_.Error("cannot drop the configuration from Envoy", {{"path", entry.path}, {"error", taken.error().ToString()}});
    }
  }
  entry.pause = nothing && entry.etag.empty() ? std::min<Nanos>(entry.pause * 2, interval_) : interval_;
  if (!reply.ok()) return log_.Debug("no configuration to fetch yet", {{"path", entry.path}, {"error", reply.error().message}});
  if (reply->status == 304) return;
  entry.etag.clear();
  if (reply->status == 404) return;
  if (reply->status != 200) return log_.Error("cannot fetch configuration from Envoy", {{"path", entry.path}, {"status", reply->status}});
  if (const Status taken = entry.handler(reply->body); !taken.ok()) {
    return log_.Error("cannot use the configuration from Envoy", {{"path", entry.path}, {"error", taken.error().ToString()}});
  }
  entry.etag = std::string(reply->headers.Get("etag"));
}

}  // namespace kuma::dp
