// A mesh from YAML documents, and policy types that no real policy stands behind, so that the engine is tested without any.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/engine.h"

namespace kuma::policy::testing {

inline std::shared_ptr<PolicyTraits> RouteTraits() {
  auto traits = std::make_shared<PolicyTraits>();
  traits->order = 100;
  traits->has_to = true;
  traits->split_by = "hostnames";
  traits->merge_list = "rules";
  traits->merge_by = "matches";
  traits->conf_of_entry = [](const Json& entry) {
    Json conf = Json::object();
    if (const Json& rules = Get(entry, "rules"); rules.is_array()) {
      conf["rules"] = rules;
      std::reverse(conf["rules"].begin(), conf["rules"].end());
    }
    if (const Json& names = Get(entry, "hostnames"); names.is_array()) conf["hostnames"] = names;
    return conf;
  };
  traits->after_merge = [](Json& conf) {
    if (conf.contains("rules")) std::reverse(conf["rules"].begin(), conf["rules"].end());
  };
  return traits;
}

inline void AddType(TypeRegistry& types, std::string name, std::string short_name, std::shared_ptr<PolicyTraits> traits) {
  TypeDescriptor type;
  type.name = name;
  type.path = name + "s";
  type.short_name = std::move(short_name);
  type.is_policy = traits != nullptr;
  type.policy = std::move(traits);
  types.Add(std::move(type));
}

// Both: to, from and rules (from as rules). Single: default. Clients: from that selects clients, rules. MeshHTTPRoute: a route.
inline void AddTypes(TypeRegistry& types) {
  for (const auto& [name, short_name] : std::vector<std::pair<std::string, std::string>>{
           {"Mesh", "m"}, {"Dataplane", "dp"}, {"MeshService", "msvc"}, {"MeshExternalService", "extsvc"}, {"MeshMultiZoneService", "mzsvc"}}) {
    AddType(types, name, short_name, nullptr);
  }
  auto both = std::make_shared<PolicyTraits>();
  both->order = 1000;
  both->has_to = both->has_from = both->has_rules = both->from_as_rules = true;
  AddType(types, "Both", "both", both);
  auto clients = std::make_shared<PolicyTraits>();
  clients->order = 1100;
  clients->has_from = clients->has_rules = true;
  AddType(types, "Clients", "clients", clients);
  auto single = std::make_shared<PolicyTraits>();
  single->order = 1500;
  single->single_default = true;
  AddType(types, "Single", "single", single);
  auto to_only = std::make_shared<PolicyTraits>();
  to_only->order = 1400;
  to_only->has_to = true;
  AddType(types, "ToOnly", "to", to_only);
  AddType(types, "MeshHTTPRoute", "mhttpr", RouteTraits());
}

struct World {
  TypeRegistry types;
  mesh::SnapshotPtr snapshot;

  // Documents as users write them: type, mesh, name, labels, spec (or the spec's fields at the top).
  explicit World(const std::string& yaml) {
    AddTypes(types);
    Result<std::vector<Json>> documents = ParseYamlStream(yaml);
    REQUIRE(documents.ok());
    mesh::SnapshotBuilder builder("east");
    for (Json document : *documents) {
      auto resource = std::make_shared<Resource>();
      const std::string type = GetString(document, "type");
      const bool global = type == "Mesh";
      resource->meta.key = {type, global ? std::string{} : "default", GetString(document, "name")};
      for (const auto& [key, value] : Get(document, "labels").items()) resource->meta.labels.emplace(key, value.get<std::string>());
      if (document.contains("spec")) {
        resource->spec = document["spec"];
      } else {
        for (const char* key : {"type", "mesh", "name", "labels"}) document.erase(key);
        resource->spec = document;
      }
      builder.Apply(nullptr, resource);
    }
    builder.Build();
    snapshot = builder.Find("default");
    REQUIRE(snapshot != nullptr);
  }

  const mesh::Dataplane& Proxy(const std::string& name) const {
    const auto* found = snapshot->FindDataplane(name);
    REQUIRE(found != nullptr);
    return **found;
  }
  RuleSet Rules(const std::string& type, const std::string& proxy, bool include_shadow = false) const {
    return BuildRuleSet(*types.Find(type), Proxy(proxy), *snapshot, {include_shadow, nullptr});
  }
  std::vector<std::string> Matched(const std::string& type, const std::string& proxy) const {
    std::vector<std::string> out;
    for (const ResourcePtr& policy : Rules(type, proxy).matched) out.push_back(policy->meta.name());
    return out;
  }
};

inline Json Parsed(const std::string& yaml) {
  Result<Json> value = ParseYaml(yaml);
  REQUIRE(value.ok());
  return *value;
}

// "{a=1,!b=2}" of a rule's part.
inline std::string PartText(const std::vector<TagMatch>& subset) {
  std::string out = "{";
  for (const TagMatch& tag : subset) {
    if (out.size() > 1) out += ',';
    out += (tag.negated ? "!" : "") + tag.key + '=' + tag.value;
  }
  return out + '}';
}

inline constexpr const char* kMesh = R"(
type: Mesh
name: default
---
type: Dataplane
name: web
labels: {app: web, kuma.io/origin: zone, kuma.io/zone: east, k8s.kuma.io/namespace: shop, kuma.io/display-name: web}
networking:
  address: 10.0.0.1
  inbound:
    - {port: 80, name: http, tags: {kuma.io/service: web, version: v1}}
    - {port: 81, tags: {kuma.io/service: web-admin, version: v1}}
---
type: Dataplane
name: gate
labels: {app: gate, kuma.io/origin: zone, kuma.io/zone: east, kuma.io/display-name: gate}
networking:
  address: 10.0.0.2
  gateway: {tags: {kuma.io/service: gate}}
---
)";

}  // namespace kuma::policy::testing
