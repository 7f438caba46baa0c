// The variables OTEL_EXPORTER_OTLP_… of kuma-dp's environment: what the control plane is told of them (never their values), and how they
// and a MeshOpenTelemetryBackend together say where a signal goes. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/json.h"

namespace kuma::dp::otel {

enum class Protocol { kGrpc, kHttp };

// Where one signal of a backend goes. Not `enabled` or a hard block: nowhere.
struct Route {
  bool enabled = false;
  std::string unusable;  // why, when it is enabled but leads nowhere
  Protocol protocol = Protocol::kGrpc;
  std::string endpoint;  // host:port
  std::string http_path;
  bool tls = false;
  std::map<std::string, std::string> headers;
  bool gzip = false;
  Nanos timeout{};  // zero: the usual one
  std::string ca_file;
  std::string cert_file;
  std::string key_file;

  bool operator==(const Route&) const = default;
};

inline constexpr std::string_view kSignals[] = {"traces", "logs", "metrics"};

class Environment {
 public:
  Environment() = default;
  // Of the given variables those of OTLP exporters count; blank ones do not.
  explicit Environment(const std::map<std::string, std::string>& variables);

  // For the bootstrap request.
  Json Inventory(bool pipe_enabled) const;
  // `backend` is an entry of the document at "/otel", `host_ip` stands for an endpoint without host.
  Route Resolve(const Json& backend, std::string_view signal, const std::string& host_ip) const;

 private:
  using Layer = std::map<std::string, std::string>;  // "endpoint" -> value
  const Layer& LayerOf(std::string_view signal) const;
  Json Describe(std::string_view signal, Json& errors) const;

  std::map<std::string, Layer, std::less<>> layers_;  // "shared" and the signals
};

}  // namespace kuma::dp::otel
