#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/policy/mesh_retry/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

bool AnyOf(const Json& object, std::initializer_list<std::string_view> fields) {
  return std::any_of(fields.begin(), fields.end(), [&](std::string_view field) { return !Get(object, field).is_null(); });
}

// Statuses that have a standard reason phrase.
bool IsNamedStatus(int64_t code) {
  static constexpr struct {
    int64_t first;
    int64_t last;
  } kRanges[] = {{100, 103}, {200, 208}, {226, 226}, {300, 305}, {307, 308}, {400, 418},
                 {421, 426}, {428, 429}, {431, 431}, {451, 451}, {500, 508}, {510, 511}};
  return std::any_of(std::begin(kRanges), std::end(kRanges),
                     [code](const auto& range) { return code >= range.first && code <= range.last; });
}

bool IsHttpCondition(const std::string& text) {
  static const std::vector<std::string> kNames = {"5xx",
                                                  "GatewayError",
                                                  "Reset",
                                                  "Retriable4xx",
                                                  "ConnectFailure",
                                                  "EnvoyRatelimited",
                                                  "RefusedStream",
                                                  "Http3PostConnectFailure",
                                                  "HttpMethodConnect",
                                                  "HttpMethodDelete",
                                                  "HttpMethodGet",
                                                  "HttpMethodHead",
                                                  "HttpMethodOptions",
                                                  "HttpMethodPatch",
                                                  "HttpMethodPost",
                                                  "HttpMethodPut",
                                                  "HttpMethodTrace"};
  if (std::find(kNames.begin(), kNames.end(), text) != kNames.end()) return true;
  const auto code = ParseInt(text);
  return code && IsNamedStatus(*code);
}

void CheckBackOffs(Checker& checker, const Path& path, const Json& conf) {
  const Json& plain = Get(conf, "backOff");
  if (!plain.is_null() && !AnyOf(plain, {"baseInterval", "maxInterval"}))
    checker.Add(path.Field("backOff"), std::string(resources::kMustNotBeEmpty));
  const Json& limited = Get(conf, "rateLimitedBackOff");
  if (limited.is_null()) return;
  const Path at = path.Field("rateLimitedBackOff");
  const Json& longest = Get(limited, "maxInterval");
  if (!longest.is_null()) resources::CheckDurationGreaterThanZero(checker, at.Field("maxInterval"), longest);
  const Json& headers = Get(limited, "resetHeaders");
  if (headers.is_null()) checker.Add(at.Field("resetHeaders"), std::string(resources::kMustBeDefined));
}

void CheckHostSelection(Checker& checker, const Path& path, const Json& predicates) {
  bool by_priority = false;
  for (size_t i = 0; i < predicates.size(); ++i) {
    const Path at = path.Index(i);
    const std::string kind = GetString(predicates[i], "predicate");
    if (kind == "OmitHostsWithTags") {
      if (Get(predicates[i], "tags").is_null()) checker.Add(at.Field("tags"), std::string(resources::kMustBeDefined));
    } else if (kind == "OmitPreviousPriorities") {
      if (by_priority) checker.Add(at.Field("predicate"), kind + " must only be specified once");
      resources::CheckGreaterThanZero(checker, at.Field("updateFrequency"), Get(predicates[i], "updateFrequency"));
      by_priority = true;
    }
  }
}

void CheckHttp(Checker& checker, const Path& path, const Json& http) {
  if (!AnyOf(http, {"numRetries", "perTryTimeout", "backOff", "retryOn", "retriableRequestHeaders", "retriableResponseHeaders",
                    "rateLimitedBackOff", "hostSelection"})) {
    checker.Add(path, std::string(resources::kMustNotBeEmpty));
  }
  CheckBackOffs(checker, path, http);
  const Json& conditions = ListOf(http, "retryOn");
  for (size_t i = 0; i < conditions.size(); ++i) {
    const std::string text = conditions[i].is_string() ? conditions[i].get<std::string>() : std::string{};
    if (!IsHttpCondition(text)) checker.Add(path.Field("retryOn").Index(i), "unknown item '" + text + "'");
  }
  CheckHostSelection(checker, path.Field("hostSelection"), ListOf(http, "hostSelection"));
}

void CheckConf(Checker& checker, const Path& path, const Json& conf) {
  const Json& tcp = Get(conf, "tcp");
  const Json& http = Get(conf, "http");
  const Json& grpc = Get(conf, "grpc");
  if (tcp.is_null() && http.is_null() && grpc.is_null()) checker.Add(path, "at least one of the 'tcp', 'http', 'grpc' must be specified");
  if (!tcp.is_null()) {
    const Json& attempts = Get(tcp, "maxConnectAttempt");
    if (attempts.is_null()) {
      checker.Add(path.Field("tcp"), std::string(resources::kMustNotBeEmpty));
    } else {
      resources::CheckIntegerGreaterThanOrNil(checker, path.Field("tcp").Field("maxConnectAttempt"), attempts, 0);
    }
  }
  if (!http.is_null()) CheckHttp(checker, path.Field("http"), http);
  if (!grpc.is_null()) {
    if (!AnyOf(grpc, {"numRetries", "perTryTimeout", "backOff", "retryOn", "rateLimitedBackOff"})) {
      checker.Add(path.Field("grpc"), std::string(resources::kMustNotBeEmpty));
    }
    CheckBackOffs(checker, path.Field("grpc"), grpc);
  }
}

}  // namespace

void ValidateMeshRetry(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  TopRules top{.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true};
  top.kinds.emplace_back("MeshHTTPRoute");
  CheckTop(checker, policy, top);
  const std::string top_kind = TopKind(policy.spec);
  TargetRefRules targets{.kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"}};
  if (top_kind == "MeshGateway" || top_kind == "MeshHTTPRoute") targets.kinds = {"Mesh", "MeshExternalService"};
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = Path("spec").Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"), targets);
    // Users know these paths with an additional "conf".
    CheckConf(checker, at.Field("default").Field("conf"), Get(to[i], "default"));
  }
}

}  // namespace kuma::policy
