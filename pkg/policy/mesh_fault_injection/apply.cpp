#include "pkg/policy/mesh_fault_injection/apply.h"

#include <cmath>

#include "envoy/extensions/common/matching/v3/extension_matcher.pb.h"
#include "envoy/extensions/filters/common/matcher/action/v3/skip_action.pb.h"
#include "envoy/extensions/filters/http/fault/v3/fault.pb.h"
#include "pkg/base/strings.h"
#include "pkg/policy/client_match.h"
#include "pkg/policy/conf.h"
#include "pkg/policy/tags_header.h"

namespace kuma::policy {

namespace {

using Fault = ::envoy::extensions::filters::http::fault::v3::HTTPFault;
using FractionalPercent = ::envoy::type::v3::FractionalPercent;
using WithMatcher = ::envoy::extensions::common::matching::v3::ExtensionWithMatcher;

constexpr char kFilter[] = "envoy.filters.http.fault";

// In the coarsest unit that holds the value.
FractionalPercent ShareOf(const Json& conf) {
  const double percent = FindDecimal(conf, "percentage").value_or(0);
  const auto is_whole = [](double value) { return std::floor(value) == value; };
  FractionalPercent share;
  if (is_whole(percent)) {
    share.set_numerator(static_cast<uint32_t>(percent));
  } else if (is_whole(percent * 100)) {
    share.set_numerator(static_cast<uint32_t>(percent * 100));
    share.set_denominator(FractionalPercent::TEN_THOUSAND);
  } else {
    share.set_numerator(static_cast<uint32_t>(std::lround(percent * 10000)));
    share.set_denominator(FractionalPercent::MILLION);
  }
  return share;
}

// "10Mbps" -> 10000
uint64_t Kbps(std::string_view limit) {
  const size_t digits = limit.find_first_not_of("0123456789");
  if (digits == std::string_view::npos) return 0;
  const std::string_view unit = Trim(limit.substr(digits));
  const uint64_t factor = unit == "Gbps" ? 1000000 : unit == "Mbps" ? 1000 : 1;
  return static_cast<uint64_t>(ParseInt(limit.substr(0, digits)).value_or(0)) * factor;
}

Fault MakeFault(const Json& conf) {
  Fault fault;
  if (const Json& delay = Get(conf, "delay"); delay.is_object()) {
    envoy::SetDuration(fault.mutable_delay()->mutable_fixed_delay(), FindDuration(delay, "value").value_or(Nanos(0)));
    *fault.mutable_delay()->mutable_percentage() = ShareOf(delay);
  }
  if (const Json& abort = Get(conf, "abort"); abort.is_object()) {
    fault.mutable_abort()->set_http_status(FindUint(abort, "httpStatus").value_or(0));
    *fault.mutable_abort()->mutable_percentage() = ShareOf(abort);
  }
  if (const Json& bandwidth = Get(conf, "responseBandwidth"); bandwidth.is_object()) {
    fault.mutable_response_rate_limit()->mutable_fixed_limit()->set_limit_kbps(Kbps(GetString(bandwidth, "limit")));
    *fault.mutable_response_rate_limit()->mutable_percentage() = ShareOf(bandwidth);
  }
  return fault;
}

void AddTagConditions(Fault& fault, const std::vector<TagMatch>& subset) {
  std::map<bool, std::map<std::string, std::string>> tags;
  for (const TagMatch& tag : subset) tags[tag.negated][tag.key] = tag.value;
  for (const auto& [negated, group] : tags) {
    envoy::HeaderMatcher* header = fault.add_headers();
    header->set_name(kTagsHeader);
    header->mutable_string_match()->mutable_safe_regex()->set_regex(TagsHeaderRegex(group));
    header->set_invert_match(negated);
  }
}

// `from`: clients are told apart by the tags that they send.
void InjectByTags(envoy::HttpConnectionManager& manager, const std::vector<const SubsetRule*>& rules) {
  for (const SubsetRule* rule : rules) {
    for (const Json& conf : Get(rule->conf, "http")) {
      Fault fault = MakeFault(conf);
      AddTagConditions(fault, rule->subset);
      envoy::AddHttpFilter(manager, kFilter, fault);
    }
  }
}

// Skips the fault for everybody whom the rule does not mean.
WithMatcher ForClients(const Fault& fault, const Json& match) {
  WithMatcher filter;
  filter.mutable_extension_config()->set_name(kFilter);
  envoy::Pack(fault, filter.mutable_extension_config()->mutable_typed_config());
  ClientMatcher& matcher = *filter.mutable_xds_matcher();
  const std::optional<ClientMatcherPredicate> client = ClientPredicate(match);
  if (!client) return filter;
  auto* entry = matcher.mutable_matcher_list()->add_matchers();
  *entry->mutable_predicate()->mutable_not_matcher() = *client;
  entry->mutable_on_match()->mutable_action()->set_name("skip");
  envoy::Pack(::envoy::extensions::filters::common::matcher::action::v3::SkipFilter(),
              entry->mutable_on_match()->mutable_action()->mutable_typed_config());
  return filter;
}

void InjectByIdentity(envoy::HttpConnectionManager& manager, const std::vector<const InboundRule*>& rules, const TypeRegistry& types) {
  for (const InboundRule* rule : rules) {
    const std::string name = rule->origins.empty() ? std::string(kFilter) : ToString(KriOf(rule->origins.front().policy->meta), types);
    for (const Json& conf : Get(rule->conf, "http")) envoy::AddHttpFilter(manager, name, ForClients(MakeFault(conf), rule->match));
  }
}

void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  if (!mesh::IsHttp(draft.protocol)) return;
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    envoy::HttpConnectionManager* manager = chain.Http();
    if (manager == nullptr) continue;
    if (slice.inbound.empty()) {
      InjectByTags(*manager, slice.from);
    } else {
      InjectByIdentity(*manager, slice.inbound, *draft.proxy.types);
    }
  }
}

}  // namespace

PolicyHooks MeshFaultInjectionHooks() { return {.type = "MeshFaultInjection", .order = 800, .inbound = Inbound}; }

}  // namespace kuma::policy
