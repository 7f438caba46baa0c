#include "pkg/policy/mesh_health_check/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

void CheckConf(Checker& checker, const Path& path, const Json& conf) {
  for (const std::string_view field : {"interval", "timeout", "initialJitter", "intervalJitter", "noTrafficInterval"}) {
    resources::CheckDurationGreaterThanZeroOrNil(checker, path.Field(field), Get(conf, field));
  }
  for (const std::string_view field : {"unhealthyThreshold", "healthyThreshold"}) {
    resources::CheckGreaterThanZeroOrNil(checker, path.Field(field), Get(conf, field));
  }
  resources::CheckIntPercentageOrNil(checker, path.Field("intervalJitterPercent"), Get(conf, "intervalJitterPercent"));
  resources::CheckPercentageOrNil(checker, path.Field("healthyPanicThreshold"), Get(conf, "healthyPanicThreshold"));
  resources::CheckFilePathOrNil(checker, path.Field("eventLogPath"), Get(conf, "eventLogPath"));
  const Json& http = Get(conf, "http");
  if (const Json& of_request = Get(http, "path"); of_request.is_string()) {
    resources::CheckDefined(checker, path.Field("http").Field("path"), of_request.get<std::string>());
  }
  const Json& statuses = ListOf(http, "expectedStatuses");
  for (size_t i = 0; i < statuses.size(); ++i) {
    const int64_t status = statuses[i].is_number() ? statuses[i].get<int64_t>() : 0;
    resources::CheckStatusCode(checker, path.Field("http").Field("expectedStatuses").Index(i), status);
  }
  if (http.is_null() && Get(conf, "tcp").is_null() && Get(conf, "grpc").is_null()) {
    checker.Add(path, resources::MustHaveAtLeastOne({"http", "tcp", "grpc"}));
  }
}

}  // namespace

void ValidateMeshHealthCheck(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .gateway_tags = true});
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = Path("spec").Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"),
                   {.kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService"}});
    CheckConf(checker, at.Field("default"), Get(to[i], "default"));
  }
}

}  // namespace kuma::policy
