#include "pkg/policy/mesh_load_balancing_strategy/localities.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

using Group = ::envoy::config::endpoint::v3::LocalityLbEndpoints;
using Endpoint = ::envoy::config::endpoint::v3::LbEndpoint;

constexpr char kTags[] = "envoy.lb";
constexpr char kLabels[] = "io.kuma.labels";

struct Affinity {
  std::string key;
  std::string value;
  uint32_t weight = 0;
};

struct Failover {
  std::string type;  // Any, AnyExcept, Only, None
  std::set<std::string> zones;
  uint32_t priority = 0;

  bool Takes(const std::string& zone) const {
    return type == "Any" || (type == "AnyExcept" && !zones.contains(zone)) || (type == "Only" && zones.contains(zone));
  }
};

struct Place {
  std::string zone;
  std::string sub_zone;
  uint32_t priority = 0;
  uint32_t weight = 0;  // 0: not set

  // Order of localities in the assignment; those equal in it are one. The weight is that of the first endpoint.
  auto Key() const { return std::make_pair(zone + sub_zone, std::make_tuple(zone, sub_zone, priority)); }
};

const Json& AffinityTags(const Json& awareness) { return GetPath(awareness, {"localZone", "affinityTags"}); }

// The tags that the viewer has, with its own values. Without weights each tag gets nine tenths of what is left to it.
std::vector<Affinity> AffinitiesOf(const Json& awareness, const LocalityViewer& viewer) {
  std::vector<Affinity> affinities;
  const Json& tags = AffinityTags(awareness);
  for (size_t i = 0; i < tags.size(); ++i) {
    Affinity affinity;
    affinity.key = GetString(tags[i], "key");
    const auto own = viewer.tags.find(affinity.key);
    if (own != viewer.tags.end() && !own->second.empty()) {
      affinity.value = own->second.front();
    } else if (const auto label = viewer.labels.find(affinity.key); label != viewer.labels.end()) {
      affinity.value = label->second;
    } else {
      continue;
    }
    const auto left = static_cast<double>(tags.size() - i - 1);
    affinity.weight = FindUint(tags[i], "weight").value_or(static_cast<uint32_t>(9 * std::pow(10.0, left)));
    affinities.push_back(std::move(affinity));
  }
  return affinities;
}

// Rules for the viewer's zone. Priorities count all rules: gaps do not matter to Envoy.
std::vector<Failover> FailoversOf(const Json& awareness, const std::string& zone) {
  std::vector<Failover> failovers;
  uint32_t priority = 0;
  for (const Json& rule : GetPath(awareness, {"crossZone", "failover"})) {
    ++priority;
    const Json& from = Get(Get(rule, "from"), "zones");
    if (Get(rule, "from").is_object() && std::find(from.begin(), from.end(), Json(zone)) == from.end()) continue;
    Failover failover;
    failover.type = GetString(Get(rule, "to"), "type");
    failover.priority = priority;
    for (const Json& one : Get(Get(rule, "to"), "zones")) {
      if (one.is_string()) failover.zones.insert(one.get<std::string>());
    }
    failovers.push_back(std::move(failover));
  }
  return failovers;
}

std::optional<std::string> FindMetadata(const Endpoint& endpoint, const char* group, const std::string& key) {
  const auto& metadata = endpoint.metadata().filter_metadata();
  const auto fields = metadata.find(group);
  if (fields == metadata.end()) return std::nullopt;
  const auto value = fields->second.fields().find(key);
  if (value == fields->second.fields().end()) return std::nullopt;
  return value->second.string_value();
}

Place LocalPlace(const Endpoint& endpoint, const std::vector<Affinity>& affinities, const std::string& zone) {
  for (const Affinity& affinity : affinities) {
    std::optional<std::string> value = FindMetadata(endpoint, kTags, affinity.key);
    if (!value) value = FindMetadata(endpoint, kLabels, affinity.key);
    if (value == affinity.value) return {zone, affinity.key + "=" + affinity.value, 0, affinity.weight};
  }
  return {zone, "", 0, 1};
}

// The egress does the failover; the name tells it by which rules, so that clients with other rules have other localities.
Place EgressPlace(const std::vector<Failover>& failovers) {
  std::string text;
  for (const Failover& failover : failovers) {
    if (failover.type == "None") continue;
    text += std::to_string(failover.priority) + ":";
    if (failover.type != "Only") text += failover.type + (failover.type == "AnyExcept" ? ":" : "");
    text += Join({failover.zones.begin(), failover.zones.end()}, ",") + ";";
  }
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  const std::string digest = Base64Encode(std::string_view(reinterpret_cast<const char*>(hash), sizeof(hash)));
  return {"egress_" + digest.substr(0, 8), "", 1, 0};
}

// Keeps the labels that affinity reads: the rest is of no use to Envoy.
void FilterLabels(Endpoint& endpoint, const Json& awareness) {
  auto& metadata = *endpoint.mutable_metadata()->mutable_filter_metadata();
  if (const auto labels = metadata.find(kLabels); labels != metadata.end()) {
    google::protobuf::Struct kept;
    for (const Json& tag : AffinityTags(awareness)) {
      const std::string key = GetString(tag, "key");
      const auto value = labels->second.fields().find(key);
      if (value != labels->second.fields().end()) (*kept.mutable_fields())[key] = value->second;
    }
    if (kept.fields().empty()) {
      metadata.erase(kLabels);
    } else {
      labels->second = std::move(kept);
    }
  }
  if (metadata.empty()) endpoint.clear_metadata();
}

bool AddressBefore(const Endpoint* a, const Endpoint* b) {
  const auto& left = a->endpoint().address().socket_address();
  const auto& right = b->endpoint().address().socket_address();
  return std::forward_as_tuple(left.address(), left.port_value()) < std::forward_as_tuple(right.address(), right.port_value());
}

void Regroup(envoy::LoadAssignment& assignment, const Json& awareness, const LocalityViewer& viewer) {
  const std::vector<Affinity> affinities = AffinitiesOf(awareness, viewer);
  const std::vector<Failover> failovers = FailoversOf(awareness, viewer.zone);
  std::vector<Group> before(assignment.endpoints().begin(), assignment.endpoints().end());
  std::map<decltype(Place().Key()), std::pair<Place, std::vector<Endpoint*>>> groups;
  for (Group& group : before) {
    for (Endpoint& endpoint : *group.mutable_lb_endpoints()) {
      const std::string zone = FindMetadata(endpoint, kTags, "kuma.io/zone").value_or("");
      std::optional<Place> place;
      if (zone == viewer.zone) {
        place = LocalPlace(endpoint, affinities, zone);
      } else if (viewer.through_egress) {
        place = EgressPlace(failovers);
      } else {
        const auto taker = std::find_if(failovers.begin(), failovers.end(), [&](const Failover& f) { return f.Takes(zone); });
        if (taker != failovers.end()) place = Place{zone, "", taker->priority, 0};
      }
      if (!place) continue;  // no rule lets traffic go there
      FilterLabels(endpoint, awareness);
      auto& [first, members] = groups.try_emplace(place->Key(), *place, std::vector<Endpoint*>()).first->second;
      members.push_back(&endpoint);
    }
  }
  assignment.clear_endpoints();
  for (auto& [key, entry] : groups) {
    auto& [place, members] = entry;
    std::stable_sort(members.begin(), members.end(), AddressBefore);
    Group& group = *assignment.add_endpoints();
    group.mutable_locality()->set_zone(place.zone);
    group.mutable_locality()->set_sub_zone(place.sub_zone);
    group.set_priority(place.priority);
    if (place.weight > 0) group.mutable_load_balancing_weight()->set_value(place.weight);
    for (Endpoint* member : members) *group.add_lb_endpoints() = std::move(*member);
  }
}

// Envoy leaves a priority when fewer than 100 / factor of its endpoints are healthy; the factor has to be a whole one.
uint32_t OverprovisioningFactor(const Json& awareness) {
  constexpr uint32_t kDefault = 200;
  const double percent = FindDecimal(GetPath(awareness, {"crossZone", "failoverThreshold"}), "percentage").value_or(0);
  return percent <= 0 ? kDefault : static_cast<uint32_t>(100 / percent) * 100;
}

}  // namespace

bool HasAffinity(const Json& awareness) { return !AffinityTags(awareness).empty(); }

void ArrangeLocalities(envoy::LoadAssignment& assignment, const Json& awareness, const LocalityViewer& viewer) {
  const uint32_t elsewhere = GetBool(awareness, "disabled") ? 0 : 1;
  for (Group& group : *assignment.mutable_endpoints()) {
    if (group.has_locality() && group.locality().zone() != viewer.zone) group.set_priority(elsewhere);
  }
  if (!Get(awareness, "localZone").is_object() && !Get(awareness, "crossZone").is_object()) return;
  Regroup(assignment, awareness, viewer);
  assignment.mutable_policy()->mutable_overprovisioning_factor()->set_value(OverprovisioningFactor(awareness));
}

}  // namespace kuma::policy
