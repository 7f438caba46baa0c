#include "pkg/policy/client_match.h"

#include <vector>

#include "envoy/extensions/matching/common_inputs/network/v3/network_inputs.pb.h"
#include "envoy/extensions/matching/common_inputs/ssl/v3/ssl_inputs.pb.h"
#include "pkg/envoy/message.h"

namespace kuma::policy {

std::optional<ClientMatcherPredicate> ClientPredicate(const Json& match) {
  std::vector<ClientMatcherPredicate> all;
  if (const Json& id = Get(match, "spiffeID"); id.is_object()) {
    ClientMatcherPredicate predicate;
    auto* single = predicate.mutable_single_predicate();
    single->mutable_input()->set_name("envoy.matching.inputs.uri_san");
    envoy::Pack(::envoy::extensions::matching::common_inputs::ssl::v3::UriSanInput(), single->mutable_input()->mutable_typed_config());
    if (GetString(id, "type") == "Prefix") {
      single->mutable_value_match()->set_prefix(GetString(id, "value"));
    } else {
      single->mutable_value_match()->set_exact(GetString(id, "value"));
    }
    all.push_back(std::move(predicate));
  }
  if (const Json& sni = Get(match, "sni"); sni.is_object()) {
    ClientMatcherPredicate predicate;
    auto* single = predicate.mutable_single_predicate();
    single->mutable_input()->set_name("envoy.matching.inputs.server_name");
    envoy::Pack(::envoy::extensions::matching::common_inputs::network::v3::ServerNameInput(),
                single->mutable_input()->mutable_typed_config());
    single->mutable_value_match()->set_exact(GetString(sni, "value"));
    all.push_back(std::move(predicate));
  }
  if (all.empty()) return std::nullopt;
  if (all.size() == 1) return all.front();
  ClientMatcherPredicate both;
  for (ClientMatcherPredicate& one : all) *both.mutable_and_matcher()->add_predicate() = std::move(one);
  return both;
}

}  // namespace kuma::policy
