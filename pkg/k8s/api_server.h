// Reads from a Kubernetes API server. Used by kumactl install. One thread, blocks up to its timeout.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/io/http_client.h"
#include "pkg/k8s/client_config.h"

namespace kuma::k8s {

class ApiServer {
 public:
  using Send = std::function<Result<io::HttpResponse>(const io::HttpClientRequest&)>;
  ApiServer(ClientConfig config, Send send, std::chrono::milliseconds timeout)
      : config_(std::move(config)), send_(std::move(send)), timeout_(timeout) {}

  // Metadata of all objects of a kind, over as many pages as the server makes: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions".
  Result<std::vector<Json>> ListMetadata(const std::string& path) const;

 private:
  Result<Json> Get(const std::string& target, const std::string& accept) const;

  const ClientConfig config_;
  const Send send_;
  const std::chrono::milliseconds timeout_;
};

}  // namespace kuma::k8s
