#include "pkg/reconcile/available_services.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/mesh/facts.h"

namespace kuma::reconcile {
namespace {

const Logger& Log() {
  static const Logger kLog("available-services");
  return kLog;
}

void Step(std::map<std::string, int>& counts, const std::string& key, int step) {
  int& count = counts[key];
  count += step;
  if (count == 0) counts.erase(key);
}

// "k=v,k=v" in the order of keys: what the list is sorted by.
std::string SortKey(const std::string& tags_json) {
  std::string out;
  if (const Result<Json> tags = ParseJson(tags_json); tags.ok()) {
    std::map<std::string, std::string> sorted;
    for (const auto& [key, value] : tags->items()) sorted[key] = value.is_string() ? value.get<std::string>() : ToJsonText(value);
    for (const auto& [key, value] : sorted) out += (out.empty() ? "" : ",") + key + "=" + value;
  }
  return out;
}

void AddAll(Json& list, const std::string& mesh, const std::map<std::string, int>& counts, bool external) {
  std::map<std::string, const std::pair<const std::string, int>*> sorted;
  for (const auto& entry : counts) sorted[SortKey(entry.first)] = &entry;
  for (const auto& [key, entry] : sorted) {
    Json service = {{"tags", ParseJson(entry->first).value_or(Json::object())}, {"instances", entry->second}, {"mesh", mesh}};
    if (external) service["externalService"] = true;
    list.push_back(std::move(service));
  }
}

}  // namespace

void AvailableServices::Count(const ResourcePtr& dataplane, int step) {
  const mesh::DataplanePtr facts = mesh::ParseDataplane(dataplane);
  MeshState& state = meshes_[dataplane->meta.mesh()];
  for (const mesh::Inbound& inbound : facts->inbounds) {
    if (inbound.state != mesh::InboundState::kReady) continue;
    Json tags = Json::object();
    for (const auto& [key, value] : inbound.tags) {
      const bool published = options_.tag_filters.empty() ||
                             std::any_of(options_.tag_filters.begin(), options_.tag_filters.end(), [&](const std::string& prefix) { return key.starts_with(prefix); });
      if (published) tags[key] = value;
    }
    Step(state.services, ToJsonText(tags), step);
  }
}

void AvailableServices::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceMeta& meta = (new_value != nullptr ? new_value : old_value)->meta;
  const std::string& type = meta.type();
  if (type == "Mesh") {
    if (new_value == nullptr) {
      dirty_ = meshes_.erase(meta.name()) > 0 || dirty_;
      return;
    }
    const mesh::MeshConfigPtr config = mesh::ParseMesh(new_value);
    MeshState& state = meshes_[meta.name()];
    const bool exclusive = config->mesh_services == mesh::MeshServicesMode::kExclusive;
    dirty_ |= state.exclusive != exclusive || state.zone_egress != config->zone_egress;
    state.exclusive = exclusive;
    state.zone_egress = config->zone_egress;
  } else if (type == "Dataplane") {
    if (old_value != nullptr && new_value != nullptr && old_value->spec == new_value->spec) return;
    if (old_value != nullptr && meshes_.contains(meta.mesh())) Count(old_value, -1);
    if (new_value != nullptr) Count(new_value, 1);
    dirty_ = true;
  } else if (type == "ExternalService") {
    const auto count = [&](const ResourcePtr& service, int step) {
      const Json& tags = Get(service->spec, "tags");
      if (GetString(tags, kZoneTag) == options_.zone) Step(meshes_[meta.mesh()].external, ToJsonText(tags), step);
    };
    if (old_value != nullptr && meshes_.contains(meta.mesh())) count(old_value, -1);
    if (new_value != nullptr) count(new_value, 1);
    dirty_ = true;
  } else if (type == "ZoneIngress") {
    const std::string zone = new_value == nullptr ? std::string() : GetString(new_value->spec, "zone");
    if (new_value != nullptr && (zone.empty() || zone == options_.zone)) {
      ingresses_[meta.name()] = new_value;
    } else {
      ingresses_.erase(meta.name());
    }
    dirty_ = true;
  }
}

Json AvailableServices::List() const {
  Json list = Json::array();
  for (const auto& [mesh, state] : meshes_) {
    if (!state.exclusive) AddAll(list, mesh, state.services, false);
  }
  for (const auto& [mesh, state] : meshes_) {
    if (!state.exclusive && state.zone_egress) AddAll(list, mesh, state.external, true);
  }
  return list;
}

void AvailableServices::Run() {
  dirty_ = false;
  if (ingresses_.empty()) return;
  const Json wanted = List();
  const auto known = ingresses_;
  for (const auto& [name, ingress] : known) {
    const Json& current = Get(ingress->spec, "availableServices");
    if (current == wanted || (current.is_null() && wanted.empty())) continue;
    Resource next = *ingress;
    if (wanted.empty()) {
      next.spec.erase("availableServices");
    } else {
      next.spec["availableServices"] = wanted;
    }
    const Result<ResourcePtr> stored = admission_.Write(std::move(next), false);
    if (stored.ok()) {
      ingresses_[name] = *stored;
    } else {
      // Another writer was faster: its event brings us back.
      Log().Debug("available services not written", {{"ingress", name}, {"cause", stored.error().ToString()}});
    }
  }
}

}  // namespace kuma::reconcile
