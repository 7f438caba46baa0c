#include "pkg/reconcile/service_vips.h"

#include <algorithm>
#include <utility>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/reconcile/ipam.h"
#include "pkg/resources/validate.h"

namespace kuma::reconcile {
namespace {

constexpr int64_t kReservedPort = 49151;  // stands for a Pod without a Service; nothing is reached by it
constexpr std::string_view kServiceEntry = "0:";
constexpr std::string_view kHostEntry = "1:";

const Logger kLog{"vips"};

// Adds an outbound to an entry. A port belongs to the first that claims it; outbounds are in the order of their ports.
void AddOutbound(std::map<std::string, Json>& view, const std::string& entry, int64_t port, const std::string& service, const std::string& origin) {
  Json& value = view[entry];
  if (value.is_null()) value = Json{{"address", ""}, {"outbounds", Json::array()}};
  Json& outbounds = value["outbounds"];
  const auto taken = [&](const Json& outbound) { return GetInt(outbound, "Port") == port; };
  if (std::any_of(outbounds.begin(), outbounds.end(), taken)) return;
  outbounds.push_back({{"Port", port}, {"TagSet", {{std::string(kServiceTag), service}}}, {"Origin", origin}});
  std::stable_sort(outbounds.begin(), outbounds.end(), [](const Json& a, const Json& b) { return GetInt(a, "Port") < GetInt(b, "Port"); });
}

}  // namespace

std::string VipConfigName(const std::string& mesh) { return "kuma-" + mesh + "-dns-vips"; }

void ServiceVips::Touch(const std::string& mesh, const std::string& service, int sign) {
  if (service.empty()) return;
  ServiceCounts& services = services_[mesh];
  int& count = services[service];
  const bool before = count > 0;
  count += sign;
  if (before != (count > 0)) dirty_.insert(mesh);
  if (count <= 0) services.erase(service);
}

void ServiceVips::Count(const Resource& resource, int sign) {
  const std::string& type = resource.meta.type();
  if (type == "Dataplane") {
    for (const Json& inbound : Get(Get(resource.spec, "networking"), "inbound")) {
      if (GetString(inbound, "state") == "Ignored" || GetInt(inbound, "port") == kReservedPort) continue;
      Touch(resource.meta.mesh(), GetString(Get(inbound, "tags"), kServiceTag), sign);
    }
  } else if (type == "ExternalService") {
    std::map<std::string, External>& externals = externals_[resource.meta.mesh()];
    if (sign < 0) {
      externals.erase(resource.meta.name());
    } else {
      const Json& networking = Get(resource.spec, "networking");
      External external{GetString(Get(resource.spec, "tags"), kServiceTag), {}, 0};
      if (const auto parts = resources::SplitHostPort(GetString(networking, "address"))) {
        external.port = ParseInt(parts->port).value_or(0);
        if (!GetBool(networking, "disableHostDNSEntry")) external.host = parts->host;
      }
      externals[resource.meta.name()] = std::move(external);
    }
    dirty_.insert(resource.meta.mesh());
  } else if (type == "ZoneIngress") {
    const std::string zone = GetString(resource.spec, "zone", std::string(resource.Label(kZoneLabel)));
    if (zone.empty() || zone == options_.zone) return;
    for (const Json& service : Get(resource.spec, "availableServices")) {
      Touch(GetString(service, "mesh"), GetString(Get(service, "tags"), kServiceTag), sign);
    }
  }
}

void ServiceVips::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  if (!options_.enabled) return;
  const ResourceMeta& meta = (new_value != nullptr ? new_value : old_value)->meta;
  if (meta.type() == "Mesh") {
    if (new_value == nullptr) {
      meshes_.erase(meta.name());
    } else {
      const std::string mode = GetString(Get(new_value->spec, "meshServices"), "mode");
      const bool added = meshes_.insert_or_assign(meta.name(), !mode.empty() && mode != "Disabled").second;
      if (added && (services_.contains(meta.name()) || externals_.contains(meta.name()))) dirty_.insert(meta.name());
    }
    return;
  }
  if (old_value != nullptr) Count(*old_value, -1);
  if (new_value != nullptr) Count(*new_value, +1);
}

std::map<std::string, Json> ServiceVips::Wanted(const std::string& mesh) const {
  std::map<std::string, Json> view;
  if (const auto found = services_.find(mesh); found != services_.end()) {
    for (const auto& [service, count] : found->second) AddOutbound(view, std::string(kServiceEntry) + service, 0, service, "service");
  }
  if (const auto found = externals_.find(mesh); found != externals_.end()) {
    for (const auto& [name, external] : found->second) {
      AddOutbound(view, std::string(kServiceEntry) + external.service, external.port, external.service, "service");
      if (external.host.empty()) continue;
      const std::string entry = std::string(kHostEntry) + external.host;
      AddOutbound(view, entry, external.port, external.service, "host:" + name);
      if (resources::IsIp(external.host)) view[entry]["address"] = external.host;
    }
  }
  return view;
}

Status ServiceVips::RunMesh(const std::string& mesh) {
  const ResourceKey key{"Config", "", VipConfigName(mesh)};
  const Result<ResourcePtr> stored = store_.Get(key);
  if (!stored.ok() && stored.error().code != ErrorCode::kNotFound) return stored.error();
  Json before = Json::object();
  if (stored.ok()) {
    Result<Json> parsed = ParseJson(GetString((*stored)->spec, "config"));
    if (parsed.ok() && parsed->is_object()) before = *std::move(parsed);
  }
  KUMA_TRY_ASSIGN(Ipam addresses, Ipam::FromCidr(options_.cidr));
  Json view = Json::object();
  for (const auto& [entry, value] : before.items()) {
    addresses.Reserve(GetString(value, "address"));
    // Entries of other kinds (virtual outbounds) in a database that was taken over stay as they are.
    if (!entry.starts_with(kServiceEntry) && !entry.starts_with(kHostEntry)) view[entry] = value;
  }
  for (auto& [entry, value] : Wanted(mesh)) {
    if (GetString(value, "address").empty()) {
      std::string kept = GetString(Get(before, entry), "address");
      if (kept.empty()) {
        std::optional<std::string> address = addresses.Allocate();
        if (!address) return Unavailable("no virtual address is left in " + options_.cidr + " for " + entry.substr(kServiceEntry.size()));
        kept = *std::move(address);
      }
      value["address"] = std::move(kept);
    }
    view[entry] = std::move(value);
  }
  if (view == before) return Ok();
  Resource next;
  if (stored.ok()) next = **stored;
  next.meta.key = key;
  next.spec = Json{{"config", ToJsonText(view)}};
  const Result<ResourcePtr> written = stored.ok() ? store_.Update(std::move(next)) : store_.Create(std::move(next), ResourceKey{"Mesh", "", mesh});
  if (!written.ok()) return written.error();
  return Ok();
}

bool ServiceVips::urgent() const {
  return std::any_of(dirty_.begin(), dirty_.end(), [&](const std::string& mesh) {
    const auto it = meshes_.find(mesh);
    return it != meshes_.end() && it->second;
  });
}

Status ServiceVips::Run(bool urgent_only) {
  Status first;
  const std::set<std::string> work = std::exchange(dirty_, {});
  for (const std::string& mesh : work) {
    const auto known = meshes_.find(mesh);
    if (known == meshes_.end()) continue;
    if (urgent_only && !known->second) {
      dirty_.insert(mesh);
      continue;
    }
    Status status = RunMesh(mesh);
    if (status.ok()) continue;
    if (status.error().code == ErrorCode::kConflict) dirty_.insert(mesh);  // another writer was first: look again
    kLog.Error("cannot allocate virtual addresses", {{"mesh", mesh}, {"error", status.error().ToString()}});
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace kuma::reconcile
