// The few calls of the REST API that the demo makes. One thread.
#pragma once

#include <string>

#include "pkg/base/json.h"
#include "pkg/io/http_client.h"

namespace kuma::demo {

class ControlPlaneClient {
 public:
  explicit ControlPlaneClient(std::string url) : url_(std::move(url)) {}
  const std::string& url() const { return url_; }

  // The mesh exists afterwards, with mutual TLS or without.
  Status PutMesh(const std::string& mesh, bool mtls);
  // `source` may call `destination`.
  Status PutPermission(const std::string& mesh, const std::string& name, const std::string& source, const std::string& destination);
  Result<std::string> DataplaneToken(const std::string& mesh, const std::string& name);
  // The proxy is connected and has acknowledged listeners.
  Result<bool> IsOnline(const std::string& mesh, const std::string& name);

 private:
  Result<std::string> Send(const std::string& method, const std::string& path, const Json& body);

  const std::string url_;
  io::HttpClient client_;
};

}  // namespace kuma::demo
