// What the commands of kumactl need from outside: the HTTP transport, time, the resource types, the user's home. Tests pass fakes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/random.h"
#include "pkg/io/http_client.h"
#include "pkg/k8s/client_config.h"
#include "pkg/model/type.h"

namespace kuma::kumactl {

// Sends one request. One thread.
class Transport {
 public:
  virtual ~Transport() = default;
  // Any status is a value; kUnavailable when there was no answer.
  virtual Result<io::HttpResponse> Send(const io::HttpClientRequest& request) = 0;
};

struct Environment {
  // Both are made when a command runs, not when the command table is built.
  std::function<std::shared_ptr<const TypeRegistry>()> types;
  std::function<std::shared_ptr<Transport>()> transport;
  const Clock& clock;
  Random& random;
  std::string home;  // folder that holds .kumactl/config
  std::function<Result<k8s::ClientConfig>()> kubernetes;  // the cluster of $KUBECONFIG
};
using EnvironmentPtr = std::shared_ptr<const Environment>;

EnvironmentPtr RealEnvironment();

}  // namespace kuma::kumactl
