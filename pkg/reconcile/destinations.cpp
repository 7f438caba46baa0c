#include "pkg/reconcile/destinations.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/model/kri.h"
#include "pkg/model/names.h"
#include "pkg/resources/dataplane/inbounds.h"
#include "pkg/resources/text_template.h"
#include "pkg/resources/validate.h"

namespace kuma::reconcile {
namespace {

constexpr std::string_view kServiceGenerator = "meshservice-generator";
constexpr std::string_view kWorkloadGenerator = "workload-generator";
constexpr std::string_view kGraceLabel = "kuma.io/deletion-grace-period-started-at";

const Logger& Log() {
  static const Logger kLog("destinations");
  return kLog;
}

const Json& Inbounds(const Resource& dataplane) { return GetPath(dataplane.spec, {"networking", "inbound"}); }

bool HasAll(const Labels& labels, const Json& wanted) {
  for (const auto& [key, value] : wanted.items()) {
    const auto found = labels.find(key);
    if (found == labels.end() || value != found->second) return false;
  }
  return true;
}

bool TagsMatch(const Json& tags, const Json& wanted) {
  for (const auto& [key, value] : wanted.items()) {
    if (Get(tags, key) != value) return false;
  }
  return true;
}

bool IsOnline(const Resource& insight) {
  const Json& subscriptions = Get(insight.spec, "subscriptions");
  return std::any_of(subscriptions.begin(), subscriptions.end(),
                     [](const Json& s) { return !Get(s, "connectTime").is_null() && Get(s, "disconnectTime").is_null(); });
}

// What of an insight matters here; the rest changes all the time.
std::pair<bool, std::string> InsightFacts(const ResourcePtr& insight) {
  if (insight == nullptr) return {false, ""};
  return {IsOnline(*insight), GetString(Get(insight->spec, "mTLS"), "issuedBackend")};
}

bool IsLocal(const Resource& resource, const std::string& zone) {
  const std::string_view origin = resource.Label(kOriginLabel);
  const std::string_view from = resource.Label(kZoneLabel);
  return origin != "global" && (from.empty() || from == zone);
}

std::vector<ResourcePtr> ByAge(const std::map<std::string, ResourcePtr>& resources) {
  std::vector<ResourcePtr> sorted;
  for (const auto& [name, resource] : resources) sorted.push_back(resource);
  std::stable_sort(sorted.begin(), sorted.end(), [](const ResourcePtr& a, const ResourcePtr& b) { return a->meta.creation_time < b->meta.creation_time; });
  return sorted;
}

void SetOrErase(Json& object, const char* key, Json value) {
  if (value.empty()) {
    object.erase(key);
  } else {
    object[key] = std::move(value);
  }
}

Json Condition(const char* type, bool good, const std::string& reason, const std::string& message) {
  return {{"type", type}, {"status", good ? "True" : "False"}, {"reason", reason}, {"message", message}};
}

}  // namespace

std::vector<ResourcePtr> SelectedDataplanes(const Resource& service, const std::map<std::string, ResourcePtr>& dataplanes) {
  const Json& selector = Get(service.spec, "selector");
  const Json& reference = Get(selector, "dataplaneRef");
  const Json& tags = Get(selector, "dataplaneTags");
  const Json& labels = Get(selector, "dataplaneLabels");
  std::vector<ResourcePtr> selected;
  for (const auto& [name, dataplane] : dataplanes) {
    const Json& inbounds = Inbounds(*dataplane);
    if (inbounds.empty()) continue;
    bool matches = false;
    if (!reference.is_null()) {
      matches = GetString(reference, "name") == name;
    } else if (!tags.is_null()) {
      matches = !tags.empty() && std::any_of(inbounds.begin(), inbounds.end(), [&](const Json& inbound) { return TagsMatch(Get(inbound, "tags"), tags); });
    } else if (!labels.is_null()) {
      matches = HasAll(dataplane->meta.labels, Get(labels, "matchLabels"));
    }
    if (matches) selected.push_back(dataplane);
  }
  return selected;
}

Result<std::unique_ptr<Destinations>> Destinations::Make(store::Admission& admission, const Clock& clock, DestinationOptions options) {
  std::unique_ptr<Destinations> made(new Destinations(admission, clock, std::move(options)));
  KUMA_TRY_ASSIGN(made->service_ips_, Ipam::FromCidr(made->options_.mesh_service_cidr));
  KUMA_TRY_ASSIGN(made->external_ips_, Ipam::FromCidr(made->options_.mesh_external_service_cidr));
  KUMA_TRY_ASSIGN(made->multi_zone_ips_, Ipam::FromCidr(made->options_.mesh_multi_zone_service_cidr));
  return made;
}

void Destinations::Start(const std::vector<ResourcePtr>& initial) {
  for (const ResourcePtr& resource : initial) {
    const std::string& type = resource->meta.type();
    Ipam* ipam = type == "MeshService" ? &service_ips_ : type == "MeshExternalService" ? &external_ips_ : type == "MeshMultiZoneService" ? &multi_zone_ips_ : nullptr;
    if (ipam != nullptr) {
      for (const Json& vip : Get(resource->status, "vips")) ipam->Reserve(GetString(vip, "ip"));
      ipam->Reserve(GetString(Get(resource->status, "vip"), "ip"));
    }
    Track(nullptr, resource);
  }
}

void Destinations::Apply(const std::vector<store::Event>& events) {
  for (const store::Event& event : events) Track(event.old_value, event.new_value);
}

void Destinations::Track(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceMeta& meta = (new_value ? new_value : old_value)->meta;
  const std::string& type = meta.type();
  if (type == "Mesh") {
    if (new_value) {
      meshes_[meta.name()].mesh = new_value;
      dirty_.insert(meta.name());
    } else {
      meshes_.erase(meta.name());
      dirty_.erase(meta.name());
    }
    return;
  }
  const auto put = [&](ByName& in) {
    if (new_value) {
      ResourcePtr& slot = in[meta.name()];
      // Our own writes are there already; their events come later and must not set the clock back.
      if (slot != nullptr && slot->meta.creation_time == new_value->meta.creation_time && slot->meta.version >= new_value->meta.version) return false;
      slot = new_value;
      return true;
    }
    return in.erase(meta.name()) > 0;
  };
  if (type == "HostnameGenerator") {
    put(generators_);
    for (const auto& [name, state] : meshes_) dirty_.insert(name);
    return;
  }
  MeshState& state = meshes_[meta.mesh()];
  bool changed = false;
  if (type == "Dataplane") {
    changed = put(state.dataplanes);
  } else if (type == "DataplaneInsight") {
    const auto found = state.insights.find(meta.name());
    const auto before = InsightFacts(found == state.insights.end() ? nullptr : found->second);
    put(state.insights);
    changed = before != InsightFacts(new_value);
  } else if (type == "MeshService") {
    changed = put(state.services);
  } else if (type == "MeshExternalService") {
    changed = put(state.external);
  } else if (type == "MeshMultiZoneService") {
    changed = put(state.multi_zone);
  } else if (type == "Workload") {
    changed = put(state.workloads);
  } else if (type == "MeshIdentity") {
    changed = put(state.identities);
  } else if (type == "MeshTrust") {
    changed = put(state.trusts);
  }
  if (changed) dirty_.insert(meta.mesh());
}

std::optional<SystemTime> Destinations::Run() {
  const SystemTime now = clock_.Now();
  if (next_run_ && *next_run_ <= now) {
    for (const auto& [name, state] : meshes_) dirty_.insert(name);
  }
  if (dirty_.empty()) return next_run_;
  next_run_.reset();
  const std::set<std::string> dirty = std::exchange(dirty_, {});
  for (const std::string& name : dirty) {
    const auto found = meshes_.find(name);
    if (found == meshes_.end() || found->second.mesh == nullptr) continue;
    MeshState& state = found->second;
    if (options_.generate) {
      GenerateServices(name, state);
      GenerateWorkloads(name, state);
    }
    UpdateServices(state);
    UpdateExternal(state);
    UpdateMultiZone(state);
    UpdateWorkloads(state);
  }
  return next_run_;
}

void Destinations::Save(const ResourcePtr& old_value, Resource next, ByName& in) {
  if (old_value != nullptr && old_value->spec == next.spec && old_value->status == next.status && old_value->meta.labels == next.meta.labels) return;
  const ResourceKey key = next.meta.key;
  const Result<ResourcePtr> stored = admission_.Write(std::move(next), false);
  if (stored.ok()) {
    in[key.name] = stored.value();
  } else {
    // Another writer was faster: its event makes this mesh dirty again.
    Log().Debug("resource not written", {{"type", key.type}, {"mesh", key.mesh}, {"name", key.name}, {"cause", stored.error().ToString()}});
  }
}

void Destinations::GenerateServices(const std::string& mesh, MeshState& state) {
  const std::string mode = GetString(Get(state.mesh->spec, "meshServices"), "mode");
  const bool enabled = !mode.empty() && mode != "Disabled";

  // Ports each Dataplane wants, oldest Dataplane first.
  std::map<std::string, std::vector<Json>> wanted;
  if (enabled) {
    for (const ResourcePtr& dataplane : ByAge(state.dataplanes)) {
      std::map<std::string, Json> ports;
      for (const Json& inbound : Inbounds(*dataplane)) {
        const std::string service = GetString(Get(inbound, "tags"), kServiceTag);
        if (!CheckDns1035Label(service).empty()) continue;
        const std::string protocol = ToLower(resources::InboundProtocol(inbound));
        ports[service].push_back({{"name", resources::InboundSection(inbound)},
                                  {"port", GetInt(inbound, "port")},
                                  {"targetPort", GetInt(inbound, "port")},
                                  {"appProtocol", resources::IsKnownProtocol(protocol) ? protocol : "tcp"}});
      }
      for (auto& [service, list] : ports) wanted[service].push_back(std::move(list));
    }
  }

  const SystemTime now = clock_.Now();
  const ByName existing = state.services;
  for (const auto& [name, service] : existing) {
    if (service->Label(kManagedByLabel) != kServiceGenerator || !IsLocal(*service, options_.zone)) continue;
    const auto found = wanted.find(name);
    if (!enabled) {
      if (admission_.store().Delete(service->meta.key).ok()) state.services.erase(name);
      continue;
    }
    Resource next = *service;
    if (found != wanted.end()) {
      next.meta.labels.erase(std::string(kGraceLabel));
      // Ports stay as they are while any Dataplane agrees with them.
      const bool agreed = std::find(found->second.begin(), found->second.end(), Get(service->spec, "ports")) != found->second.end();
      if (!agreed) next.spec["ports"] = found->second.front();
      wanted.erase(found);
      Save(service, std::move(next), state.services);
      continue;
    }
    const Result<SystemTime> started = ParseRfc3339(std::string(service->Label(kGraceLabel)));
    const auto grace = std::chrono::duration_cast<SystemTime::duration>(options_.deletion_grace_period);
    const SystemTime ends = (started.ok() ? started.value() : now) + grace;
    if (started.ok() && ends < now) {
      if (admission_.store().Delete(service->meta.key).ok()) state.services.erase(name);
      continue;
    }
    if (!started.ok()) next.meta.labels[std::string(kGraceLabel)] = FormatRfc3339(now);
    const SystemTime wake = ends + std::chrono::milliseconds(1);
    if (!next_run_ || wake < *next_run_) next_run_ = wake;
    Save(service, std::move(next), state.services);
  }

  for (const auto& [name, ports] : wanted) {
    if (state.services.contains(name)) continue;  // a user's own
    Resource service;
    service.meta.key = {"MeshService", mesh, name};
    service.meta.labels = {{std::string(kMeshLabel), mesh},
                           {std::string(kDisplayNameLabel), name},
                           {std::string(kManagedByLabel), std::string(kServiceGenerator)},
                           {std::string(kEnvLabel), "universal"},
                           {std::string(kZoneLabel), options_.zone},
                           {std::string(kOriginLabel), "zone"}};
    service.spec = {{"state", "Unavailable"}, {"selector", {{"dataplaneTags", {{std::string(kServiceTag), name}}}}}, {"ports", ports.front()}};
    Save(nullptr, std::move(service), state.services);
  }
}

void Destinations::GenerateWorkloads(const std::string& mesh, MeshState& state) {
  std::set<std::string> wanted;
  for (const auto& [name, dataplane] : state.dataplanes) {
    const std::string workload(dataplane->Label(kWorkloadLabel));
    if (!workload.empty() && CheckDns1035Label(workload).empty()) wanted.insert(workload);
  }
  const ByName existing = state.workloads;
  for (const auto& [name, workload] : existing) {
    if (!wanted.contains(name) && IsLocal(*workload, options_.zone) && admission_.store().Delete(workload->meta.key).ok()) state.workloads.erase(name);
  }
  for (const std::string& name : wanted) {
    if (existing.contains(name)) continue;
    Resource workload;
    workload.meta.key = {"Workload", mesh, name};
    workload.meta.labels = {{std::string(kMeshLabel), mesh},
                            {std::string(kManagedByLabel), std::string(kWorkloadGenerator)},
                            {std::string(kEnvLabel), "universal"},
                            {std::string(kZoneLabel), options_.zone}};
    Save(nullptr, std::move(workload), state.workloads);
  }
}

std::map<std::string, std::pair<Json, Json>> Destinations::Hostnames(const ByName& services, const char* selector, const char* type) const {
  std::vector<ResourcePtr> generators = ByAge(generators_);
  std::stable_sort(generators.begin(), generators.end(),
                   [](const ResourcePtr& a, const ResourcePtr& b) { return (a->Label(kOriginLabel) == "zone") > (b->Label(kOriginLabel) == "zone"); });
  std::map<std::string, std::string> taken;                              // host name -> service
  std::map<std::string, std::map<std::string, std::pair<std::string, Json>>> results;  // service -> generator -> name, condition
  for (const ResourcePtr& generator : generators) {
    const Json& match = Get(Get(generator->spec, "selector"), selector);
    if (match.is_null()) continue;
    const Result<resources::TextTemplate> parsed = resources::TextTemplate::Parse(GetString(generator->spec, "template"));
    for (const ResourcePtr& service : ByAge(services)) {
      const Labels& labels = service->meta.labels;
      if (!HasAll(labels, Get(match, "matchLabels"))) continue;
      const std::string& name = service->meta.name();
      Result<std::string> rendered = Invalid("");
      if (!parsed.ok()) {
        rendered = Invalid("failed compiling gotemplate error=" + QuoteGo(parsed.error().message));
      } else {
        const std::string zone(service->Label(kZoneLabel));
        rendered = parsed.value().Render({{"Name", name},
                                          {"DisplayName", DisplayName(service->meta)},
                                          {"Namespace", std::string(service->Label(kNamespaceLabel))},
                                          {"Mesh", service->meta.mesh()},
                                          {"Zone", zone.empty() ? options_.zone : zone}},
                                         [&](const std::string& key) -> Result<std::string> {
                                           const auto found = labels.find(key);
                                           if (found == labels.end()) return Invalid("label " + key + " not found");
                                           return found->second;
                                         });
        if (!rendered.ok()) {
          rendered = Invalid("pre evaluation of template with parameters failed with error=" + QuoteGo(rendered.error().message));
        } else if (const std::vector<std::string> errors = CheckDns1123Subdomain(rendered.value()); !errors.empty()) {
          rendered = Invalid("generated hostname " + QuoteGo(rendered.value()) + " is not a valid DNS name: " + Join(errors, ", "));
        }
      }
      auto& result = results[name][generator->meta.name()];
      if (!rendered.ok()) {
        result.second = Condition("Generated", false, "TemplateError", rendered.error().message);
      } else if (const auto [owner, fresh] = taken.emplace(rendered.value(), name); !fresh && owner->second != name) {
        result.second = Condition("Generated", false, "Collision", "Hostname collision with " + std::string(type) + ": " + name);
      } else {
        result = {rendered.value(), Condition("Generated", true, "Generated", "")};
      }
    }
  }
  std::map<std::string, std::pair<Json, Json>> out;
  for (const auto& [service, by_generator] : results) {
    Json addresses = Json::array();
    Json statuses = Json::array();
    for (const auto& [generator, result] : by_generator) {
      const Json reference = {{"coreName", generator}};
      if (!result.first.empty()) addresses.push_back({{"hostname", result.first}, {"origin", "HostnameGenerator"}, {"hostnameGeneratorRef", reference}});
      statuses.push_back({{"hostnameGeneratorRef", reference}, {"conditions", Json::array({result.second})}});
    }
    out[service] = {std::move(addresses), std::move(statuses)};
  }
  return out;
}

void Destinations::UpdateServices(MeshState& state) {
  auto hostnames = Hostnames(state.services, "meshService", "MeshService");
  const bool mtls = !GetString(Get(state.mesh->spec, "mtls"), "enabledBackend").empty();
  DestinationOptions::Identities mesh_identities;
  for (const auto& [name, identity] : state.identities) mesh_identities.push_back(identity);
  std::set<std::string> trust_domains;
  for (const auto& [name, trust] : state.trusts) trust_domains.insert(GetString(trust->spec, "trustDomain"));
  const ByName services = state.services;
  for (const auto& [name, service] : services) {
    Resource next = *service;
    if (!next.status.is_object()) next.status = Json::object();
    SetOrErase(next.status, "addresses", hostnames[name].first);
    SetOrErase(next.status, "hostnameGenerators", hostnames[name].second);
    if (Get(next.status, "vips").empty()) {
      if (const auto ip = service_ips_.Allocate()) next.status["vips"] = Json::array({{{"ip", *ip}}});
    }
    if (IsLocal(*service, options_.zone)) {
      const std::vector<ResourcePtr> selected = SelectedDataplanes(*service, state.dataplanes);
      const Json& ports = Get(service->spec, "ports");
      int connected = 0;
      int healthy = 0;
      size_t with_cert = 0;
      size_t with_identity = 0;
      std::set<std::string> tags;
      std::set<std::string> spiffe;
      for (const ResourcePtr& dataplane : selected) {
        const auto insight = state.insights.find(dataplane->meta.name());
        if (insight != state.insights.end()) {
          const auto facts = InsightFacts(insight->second);
          connected += facts.first ? 1 : 0;
          with_cert += facts.second.empty() ? 0u : 1u;
        }
        const Json& inbounds = Inbounds(*dataplane);
        const bool all = std::all_of(ports.begin(), ports.end(), [&](const Json& port) {
          const Json& target = Get(port, "targetPort");
          return std::any_of(inbounds.begin(), inbounds.end(), [&](const Json& inbound) {
            if (!GetString(inbound, "state").empty() && GetString(inbound, "state") != "Ready") return false;
            return target.is_string() ? GetString(inbound, "name") == target.get<std::string>() : GetInt(inbound, "port") == GetInt(port, "targetPort");
          });
        });
        healthy += all ? 1 : 0;
        bool tagged = false;
        for (const Json& inbound : inbounds) {
          const std::string tag = GetString(Get(inbound, "tags"), kServiceTag);
          if (tag.empty()) continue;
          tagged = true;
          tags.insert(tag);
        }
        if (const std::string workload(dataplane->Label(kWorkloadLabel)); !tagged && !workload.empty()) tags.insert(workload);
        if (mesh_identities.empty()) continue;
        if (options_.spiffe_ids) {
          for (const std::string& id : options_.spiffe_ids(mesh_identities, *dataplane)) spiffe.insert(id);
        }
        if (options_.has_identity && options_.has_identity(mesh_identities, trust_domains, *dataplane)) ++with_identity;
      }
      Json identities = Json::array();
      for (const std::string& tag : tags) identities.push_back({{"type", "ServiceTag"}, {"value", tag}});
      for (const std::string& id : spiffe) identities.push_back({{"type", "SpiffeID"}, {"value", id}});
      SetOrErase(next.spec, "identities", std::move(identities));
      next.spec["state"] = healthy > 0 ? "Available" : "Unavailable";
      Json counts = Json::object();
      if (connected > 0) counts["connected"] = connected;
      if (healthy > 0) counts["healthy"] = healthy;
      if (!selected.empty()) counts["total"] = selected.size();
      next.status["dataplaneProxies"] = std::move(counts);
      // Once ready it stays ready: new proxies start with mTLS, they only have not reported it yet.
      const bool was_ready = GetString(Get(next.status, "tls"), "status") == "Ready";
      const bool possible = mtls || with_identity > 0;
      const bool ready = possible && (was_ready || (mtls ? with_cert == selected.size() : with_identity == selected.size()));
      next.status["tls"] = {{"status", ready ? "Ready" : "NotReady"}};
    }
    Save(service, std::move(next), state.services);
  }
}

void Destinations::UpdateExternal(MeshState& state) {
  auto hostnames = Hostnames(state.external, "meshExternalService", "MeshExternalService");
  const ByName services = state.external;
  for (const auto& [name, service] : services) {
    Resource next = *service;
    if (!next.status.is_object()) next.status = Json::object();
    SetOrErase(next.status, "addresses", hostnames[name].first);
    SetOrErase(next.status, "hostnameGenerators", hostnames[name].second);
    if (GetString(Get(next.status, "vip"), "ip").empty()) {
      if (const auto ip = external_ips_.Allocate()) next.status["vip"] = {{"ip", *ip}};
    }
    Save(service, std::move(next), state.external);
  }
}

void Destinations::UpdateMultiZone(MeshState& state) {
  auto hostnames = Hostnames(state.multi_zone, "meshMultiZoneService", "MeshMultiZoneService");
  const ByName services = state.multi_zone;
  for (const auto& [name, service] : services) {
    Resource next = *service;
    if (!next.status.is_object()) next.status = Json::object();
    SetOrErase(next.status, "addresses", hostnames[name].first);
    SetOrErase(next.status, "hostnameGenerators", hostnames[name].second);
    if (Get(next.status, "vips").empty()) {
      if (const auto ip = multi_zone_ips_.Allocate()) next.status["vips"] = Json::array({{{"ip", *ip}}});
    }
    std::map<std::string, Json> matched;  // in the order of name/namespace/zone/mesh
    for (const auto& [service_name, candidate] : state.services) {
      if (!HasAll(candidate->meta.labels, GetPath(service->spec, {"selector", "meshService", "matchLabels"}))) continue;
      const Kri kri = KriOf(candidate->meta);
      matched[kri.name + "/" + kri.ns + "/" + kri.zone + "/" + kri.mesh] = {
          {"name", kri.name}, {"namespace", kri.ns}, {"zone", kri.zone}, {"mesh", kri.mesh}};
    }
    Json list = Json::array();
    for (auto& [key, item] : matched) list.push_back(std::move(item));
    const bool any = !list.empty();
    const std::string message =
        any ? "Matched " + std::to_string(list.size()) + " MeshService(s)" : "Selector does not match any MeshService in this zone";
    SetOrErase(next.status, "meshServices", std::move(list));
    next.status["conditions"] = Json::array({Condition("MeshServicesMatched", any, any ? "MatchesFound" : "NoMatchesFound", message)});
    Save(service, std::move(next), state.multi_zone);
  }
}

void Destinations::UpdateWorkloads(MeshState& state) {
  const ByName workloads = state.workloads;
  for (const auto& [name, workload] : workloads) {
    if (!IsLocal(*workload, options_.zone)) continue;
    int total = 0;
    int connected = 0;
    int healthy = 0;
    for (const auto& [dataplane_name, dataplane] : state.dataplanes) {
      if (dataplane->Label(kWorkloadLabel) != DisplayName(workload->meta)) continue;
      ++total;
      const auto insight = state.insights.find(dataplane_name);
      connected += insight != state.insights.end() && IsOnline(*insight->second) ? 1 : 0;
      const Json& inbounds = Inbounds(*dataplane);
      healthy += std::any_of(inbounds.begin(), inbounds.end(), [](const Json& i) { return resources::InboundState(i) == "Ready"; }) ? 1 : 0;
    }
    Resource next = *workload;
    next.status = {{"dataplaneProxies", {{"connected", connected}, {"healthy", healthy}, {"total", total}}}};
    Save(workload, std::move(next), state.workloads);
  }
}

}  // namespace kuma::reconcile
