#include "pkg/api/config_dump.h"

#include <catch2/catch.hpp>

#include "pkg/base/json.h"

namespace kuma::api {

TEST_CASE("a configuration dump tells no secrets") {
  const Json dump = {
      {"configs",
       Json::array({{{"@type", "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump"},
                     {"bootstrap",
                      {{"dynamic_resources",
                        {{"ads_config", {{"grpc_services", Json::array({{{"initial_metadata", Json::array({{{"key", "authorization"}, {"value", "TOKEN"}}, {{"key", "x"}, {"value", "kept"}}})}}})}}}}}}}},
                    {{"@type", "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"},
                     {"secret", {{"tls_certificate", {{"certificate_chain", {{"inline_string", "CERT"}}}, {"private_key", {{"inline_bytes", "KEY"}}}, {"password", {{"inline_string", "WORD"}}}}}}}}})}};
  const std::string text = SanitizeConfigDump(ToJsonText(dump)).value();
  INFO(text);
  for (const char* secret : {"TOKEN", "KEY", "WORD"}) CHECK(text.find(secret) == std::string::npos);
  for (const char* shown : {"kept", "CERT", "[redacted]"}) CHECK(text.find(shown) != std::string::npos);
  CHECK_FALSE(SanitizeConfigDump("no json").ok());
}

}  // namespace kuma::api
