// Access logs for TCP backends: the control plane makes Envoy write lines into a named pipe, each naming its collector; they are sent on
// from here. A line is `{"address": "host:port", "message": …}` or `host:port;text`. A collector that cannot be reached, or is slow, costs
// lines, never memory or Envoy's time. Started and destroyed on the loop; the sending is done by one thread of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/result.h"
#include "pkg/io/loop.h"

namespace kuma::dp {

struct AccessLogEntry {
  std::string address;
  std::string text;  // as the collector gets it
};

// Without the line break of `line`. Nothing when the line has neither form.
std::optional<AccessLogEntry> ParseAccessLogLine(std::string_view line);

class AccessLogPipe {
 public:
  static Result<std::unique_ptr<AccessLogPipe>> Start(io::EventLoop& loop, const std::string& path);
  ~AccessLogPipe();

 private:
  struct State;
  explicit AccessLogPipe(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace kuma::dp
