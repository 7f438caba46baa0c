// The REST API as one function from requests to responses: routes, authentication, access, formats, metrics. Transport is pkg/io's
// HTTP server (see server.h); tests call Handle directly. Thread-safe; routes are fixed once constructed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "pkg/api/deps.h"
#include "pkg/api/page_marks.h"
#include "pkg/api/router.h"
#include "pkg/base/log.h"

namespace kuma::api {

class RestApi {
 public:
  using Done = std::function<void(io::HttpResponse)>;

  RestApi(ApiDeps deps, ApiOptions options);
  RestApi(const RestApi&) = delete;
  RestApi& operator=(const RestApi&) = delete;

  // `done` is called once, from any thread.
  void Handle(io::HttpRequest request, Done done) const;

  const Router& router() const { return router_; }
  const ApiOptions& options() const { return options_; }

 private:
  struct Call;
  void Dispatch(const std::shared_ptr<Call>& call) const;
  void Run(const std::shared_ptr<Call>& call, const RouteMatch& match) const;
  void Finish(const std::shared_ptr<Call>& call, Answer answer) const;
  std::optional<Answer> Preflight(const Call& call) const;
  void Measure(const Call& call, const io::HttpResponse& response, double seconds) const;

  // Series of a route and status, kept because looking them up by labels costs more than most answers. Null: requests without a route.
  struct Series {
    Histogram* duration = nullptr;
    Histogram* size = nullptr;
  };
  Series& SeriesOf(const Route* route, int status) const;
  Gauge& InFlight(const Route* route) const;

  const ApiDeps deps_;
  const ApiOptions options_;
  std::vector<std::string> base_segments_;
  PageMarks page_marks_;
  Router router_;
  mutable std::mutex series_mutex_;  // guards the next two
  mutable std::map<std::pair<const Route*, int>, Series> series_;
  mutable std::map<const Route*, Gauge*> in_flight_;
  Logger log_{"api-server"};
};

}  // namespace kuma::api
