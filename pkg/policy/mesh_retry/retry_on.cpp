#include "pkg/policy/mesh_retry/retry_on.h"

#include <algorithm>
#include <map>

#include "pkg/base/strings.h"

namespace kuma::policy {

namespace {

using Names = std::map<std::string, std::string, std::less<>>;

constexpr char kHttpDefault[] = "gateway-error,connect-failure,refused-stream";
constexpr char kGrpcDefault[] = "cancelled,connect-failure,gateway-error,refused-stream,reset,resource-exhausted,unavailable";
constexpr char kStatusCodes[] = "retriable-status-codes";
constexpr char kMethodPrefix[] = "HttpMethod";

const Names kHttpNames = {{"5xx", "5xx"},
                          {"GatewayError", "gateway-error"},
                          {"Reset", "reset"},
                          {"Retriable4xx", "retriable-4xx"},
                          {"ConnectFailure", "connect-failure"},
                          {"EnvoyRatelimited", "envoy-ratelimited"},
                          {"RefusedStream", "refused-stream"},
                          {"Http3PostConnectFailure", "http3-post-connect-failure"}};

const Names kGrpcNames = {{"Canceled", "canceled"},
                          {"DeadlineExceeded", "deadline-exceeded"},
                          {"Internal", "internal"},
                          {"ResourceExhausted", "resource-exhausted"},
                          {"Unavailable", "unavailable"}};

std::vector<std::string> Texts(const Json& list) {
  std::vector<std::string> texts;
  for (const Json& item : list) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
    if (item.is_number_integer()) texts.push_back(std::to_string(item.get<int64_t>()));
  }
  return texts;
}

std::string Translate(const Names& names, const std::string& text) {
  const auto it = names.find(text);
  return it == names.end() ? std::string() : it->second;
}

}  // namespace

RetryOn ParseHttpRetryOn(const Json& list) {
  RetryOn result;
  std::vector<std::string> conditions;
  for (const std::string& text : Texts(list)) {
    const std::optional<int64_t> code = ParseInt(text);
    if (code && *code >= 100 && *code < 600) {
      result.status_codes.push_back(static_cast<uint32_t>(*code));
    } else if (text.starts_with(kMethodPrefix)) {
      result.methods.push_back(ToUpper(text.substr(sizeof(kMethodPrefix) - 1)));
    } else {
      conditions.push_back(Translate(kHttpNames, text));
    }
  }
  if (conditions.empty()) conditions = Split(kHttpDefault, ',');
  // Codes are only looked at when this condition is there too.
  if (!result.status_codes.empty()) conditions.emplace_back(kStatusCodes);
  result.conditions = Join(conditions, ",");
  return result;
}

RetryOn ParseGrpcRetryOn(const Json& list) {
  std::vector<std::string> conditions;
  for (const std::string& text : Texts(list)) conditions.push_back(Translate(kGrpcNames, text));
  return {conditions.empty() ? std::string(kGrpcDefault) : Join(conditions, ","), {}, {}};
}

}  // namespace kuma::policy
