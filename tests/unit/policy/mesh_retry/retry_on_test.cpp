#include <catch2/catch.hpp>

#include "pkg/policy/mesh_retry/retry_on.h"

namespace kuma::policy {

TEST_CASE("HTTP conditions, status codes and methods are told apart") {
  const RetryOn all = ParseHttpRetryOn(Json::array({"5xx", "GatewayError", "429", "HttpMethodGet"}));
  CHECK(all.conditions == "5xx,gateway-error,retriable-status-codes");
  CHECK(all.status_codes == std::vector<uint32_t>{429});
  CHECK(all.methods == std::vector<std::string>{"GET"});
}

TEST_CASE("defaults stand when no condition is given") {
  CHECK(ParseHttpRetryOn(Json()).conditions == "gateway-error,connect-failure,refused-stream");
  CHECK(ParseHttpRetryOn(Json::array({"503"})).conditions == "gateway-error,connect-failure,refused-stream,retriable-status-codes");
  CHECK(ParseGrpcRetryOn(Json::array({"Canceled", "Unavailable"})).conditions == "canceled,unavailable");
  CHECK(ParseGrpcRetryOn(Json::array()).conditions.starts_with("cancelled,"));
}

}  // namespace kuma::policy
