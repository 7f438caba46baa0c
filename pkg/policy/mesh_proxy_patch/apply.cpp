#include "pkg/policy/mesh_proxy_patch/apply.h"

#include <algorithm>

#include "pkg/envoy/names.h"
#include "pkg/policy/mesh_proxy_patch/filters.h"

namespace kuma::policy {

namespace {

// Origins of what is added.
constexpr char kAddedCluster[] = "proxy-template-modifications";
constexpr char kAddedListener[] = "mesh-proxy-patch";

struct Modification {
  std::string kind;  // cluster, listener, networkFilter, httpFilter, virtualHost
  Json body;
  size_t index = 0;
};

std::vector<Modification> ModificationsOf(const Json& conf) {
  std::vector<Modification> modifications;
  size_t index = 0;
  for (const Json& entry : Get(conf, "appendModifications")) {
    for (const char* kind : {"cluster", "listener", "networkFilter", "httpFilter", "virtualHost"}) {
      if (const Json& body = Get(entry, kind); body.is_object()) modifications.push_back({kind, body, index});
    }
    ++index;
  }
  return modifications;
}

// Users know the listeners of transparent proxying by one of two names.
bool ListenerNameMatches(const std::string& wanted, const std::string& name) {
  if (wanted == name) return true;
  for (const bool inbound : {false, true}) {
    for (const bool ipv6 : {false, true}) {
      const std::string classic = envoy::TransparentProxyName(inbound, ipv6, false);
      const std::string unified = envoy::TransparentProxyName(inbound, ipv6, true);
      if ((wanted == classic && name == unified) || (wanted == unified && name == classic)) return true;
    }
  }
  return false;
}

bool TagsMatch(const Json& wanted, const envoy::Listener& listener) {
  if (!wanted.is_object()) return true;
  const auto& metadata = listener.metadata().filter_metadata();
  const auto tags = metadata.find("io.kuma.tags");
  for (const auto& [key, value] : wanted.items()) {
    if (tags == metadata.end()) return false;
    const auto own = tags->second.fields().find(key);
    if (own == tags->second.fields().end()) return false;
    if (value != "*" && value != own->second.string_value()) return false;
  }
  return true;
}

bool IsListenerPart(const std::string& kind) { return kind == "networkFilter" || kind == "httpFilter"; }

bool Matches(const Modification& modification, const PatchedResource& resource) {
  const Json& match = Get(modification.body, "match");
  const Json& origin = Get(match, "origin");
  if (origin.is_string() && origin != resource.origin) return false;
  const auto* listener = std::get_if<envoy::Listener>(&resource.message);
  if (modification.kind == "cluster") {
    const Json& name = Get(match, "name");
    return listener == nullptr && (!name.is_string() || name == resource.name);
  }
  if (listener == nullptr) return false;
  if (modification.kind == "virtualHost") return true;
  const bool part = IsListenerPart(modification.kind);
  const Json& name = Get(match, part ? "listenerName" : "name");
  if (name.is_string() && !ListenerNameMatches(name.get<std::string>(), resource.name)) return false;
  return TagsMatch(Get(match, part ? "listenerTags" : "tags"), *listener);
}

Status Patch(const Modification& modification, PatchedResource& resource) {
  if (auto* cluster = std::get_if<envoy::Cluster>(&resource.message)) {
    envoy::Cluster patched = *cluster;
    KUMA_TRY(PatchMessage(modification.body, patched));
    *cluster = std::move(patched);
    return Ok();
  }
  auto& listener = std::get<envoy::Listener>(resource.message);
  envoy::Listener patched = listener;
  if (modification.kind == "listener") KUMA_TRY(PatchMessage(modification.body, patched));
  if (modification.kind == "networkFilter") KUMA_TRY(PatchNetworkFilters(modification.body, patched));
  if (modification.kind == "httpFilter") KUMA_TRY(PatchHttpFilters(modification.body, patched));
  if (modification.kind == "virtualHost") KUMA_TRY(PatchVirtualHosts(modification.body, patched));
  listener = std::move(patched);
  return Ok();
}

Result<PatchedResource> ParseAdded(const Modification& modification) {
  if (modification.kind == "cluster") {
    envoy::Cluster cluster;
    KUMA_TRY(ParseValue(modification.body, cluster));
    return PatchedResource{cluster.name(), kAddedCluster, std::move(cluster), true};
  }
  envoy::Listener listener;
  KUMA_TRY(ParseValue(modification.body, listener));
  return PatchedResource{listener.name(), kAddedListener, std::move(listener), true};
}

std::string FailureText(const Modification& modification, const std::string& name, const Error& error) {
  const std::string what = modification.kind + " " + GetString(modification.body, "operation");
  return what + " is left out" + (name.empty() ? "" : " for " + name) + ": " + error.ToString();
}

// `add`: whether added resources are wanted, or only that what they replace is gone.
void Apply(const Json& conf, bool add, std::vector<PatchedResource>& resources, std::vector<PatchFailure>& failures) {
  for (const Modification& modification : ModificationsOf(conf)) {
    const bool whole = modification.kind == "cluster" || modification.kind == "listener";
    const std::string operation = GetString(modification.body, "operation");
    if (whole && operation == "Add") {
      Result<PatchedResource> added = ParseAdded(modification);
      if (!added.ok()) {
        if (add) failures.push_back({modification.index, FailureText(modification, "", added.error())});
        continue;
      }
      std::erase_if(resources, [&](const PatchedResource& resource) {
        return resource.name == added->name && resource.message.index() == added->message.index();
      });
      if (add) resources.push_back(std::move(added).value());
    } else if (whole && operation == "Remove") {
      std::erase_if(resources, [&](const PatchedResource& resource) { return Matches(modification, resource); });
    } else {
      for (PatchedResource& resource : resources) {
        if (!Matches(modification, resource)) continue;
        const Status patched = Patch(modification, resource);
        if (!patched.ok()) failures.push_back({modification.index, FailureText(modification, resource.name, patched.error())});
        resource.patched |= patched.ok();
      }
    }
  }
}

}  // namespace

std::vector<PatchFailure> PatchResources(const Json& conf, std::vector<PatchedResource>& resources) {
  std::vector<PatchFailure> failures;
  Apply(conf, false, resources, failures);
  return failures;
}

std::vector<PatchedResource> AddedResources(const Json& conf, std::vector<PatchFailure>* failures) {
  std::vector<PatchedResource> resources;
  std::vector<PatchFailure> found;
  Apply(conf, true, resources, found);
  if (failures != nullptr) *failures = std::move(found);
  return resources;
}

}  // namespace kuma::policy
