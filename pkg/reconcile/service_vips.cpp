#include "pkg/reconcile/service_vips.h"

#include "pkg/base/log.h"
#include "pkg/reconcile/ipam.h"

namespace kuma::reconcile {
namespace {

constexpr int64_t kReservedPort = 49151;  // stands for a Pod without a Service; nothing is reached by it
constexpr std::string_view kServiceEntry = "0:";

const Logger kLog{"vips"};

Json ServiceEntry(const std::string& service, const std::string& address) {
  const Json outbound{{"Port", 0}, {"TagSet", {{std::string(kServiceTag), service}}}, {"Origin", "service"}};
  return Json{{"address", address}, {"outbounds", Json::array({outbound})}};
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
    Touch(resource.meta.mesh(), GetString(Get(resource.spec, "tags"), kServiceTag), sign);
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
    } else if (meshes_.insert(meta.name()).second && services_.contains(meta.name())) {
      dirty_.insert(meta.name());
    }
    return;
  }
  if (old_value != nullptr) Count(*old_value, -1);
  if (new_value != nullptr) Count(*new_value, +1);
}

Status ServiceVips::RunMesh(const std::string& mesh, const ServiceCounts& services) {
  const ResourceKey key{"Config", "", VipConfigName(mesh)};
  const Result<ResourcePtr> stored = store_.Get(key);
  if (!stored.ok() && stored.error().code != ErrorCode::kNotFound) return stored.error();
  Json view = Json::object();
  if (stored.ok()) {
    Result<Json> parsed = ParseJson(GetString((*stored)->spec, "config"));
    if (parsed.ok() && parsed->is_object()) view = *std::move(parsed);
  }
  KUMA_TRY_ASSIGN(Ipam addresses, Ipam::FromCidr(options_.cidr));
  for (const auto& [entry, value] : view.items()) addresses.Reserve(GetString(value, "address"));
  const Json before = view;
  // Entries of other kinds (hosts, virtual outbounds) in a database that was taken over stay as they are.
  for (const auto& [entry, value] : before.items()) {
    if (entry.starts_with(kServiceEntry) && !services.contains(entry.substr(kServiceEntry.size()))) view.erase(entry);
  }
  for (const auto& [service, count] : services) {
    const std::string entry = std::string(kServiceEntry) + service;
    if (view.contains(entry) && !GetString(view[entry], "address").empty()) continue;
    const std::optional<std::string> address = addresses.Allocate();
    if (!address) return Unavailable("no virtual address is left in " + options_.cidr + " for service " + service);
    view[entry] = ServiceEntry(service, *address);
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

Status ServiceVips::Run() {
  Status first;
  const std::set<std::string> work = std::move(dirty_);
  dirty_.clear();
  for (const std::string& mesh : work) {
    if (!meshes_.contains(mesh)) continue;
    Status status = RunMesh(mesh, services_[mesh]);
    if (status.ok()) continue;
    if (status.error().code == ErrorCode::kConflict) dirty_.insert(mesh);  // another writer was first: look again
    kLog.Error("cannot allocate virtual addresses", {{"mesh", mesh}, {"error", status.error().ToString()}});
    if (first.ok()) first = std::move(status);
  }
  return first;
}

}  // namespace kuma::reconcile
