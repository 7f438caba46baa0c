#include "pkg/kumactl/environment.h"

#include "pkg/base/files.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"

namespace kuma::kumactl {
namespace {

class HttpTransport final : public Transport {
 public:
  Result<io::HttpResponse> Send(const io::HttpClientRequest& request) override { return client_.Fetch(request); }

 private:
  io::HttpClient client_;
};

}  // namespace

EnvironmentPtr RealEnvironment() {
  auto types = [] {
    auto registry = std::make_shared<TypeRegistry>();
    resources::RegisterCoreTypes(*registry);
    policy::RegisterPolicyTypes(*registry);
    return std::shared_ptr<const TypeRegistry>(std::move(registry));
  };
  auto transport = [] { return std::shared_ptr<Transport>(std::make_shared<HttpTransport>()); };
  return std::make_shared<const Environment>(Environment{
      types, transport, RealClock(), RealRandom(), HomeFolder(), [] { return k8s::LoadClientConfig(k8s::RealConfigSources()); }});
}

}  // namespace kuma::kumactl
