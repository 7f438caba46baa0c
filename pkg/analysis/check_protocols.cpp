// Policies that speak HTTP to services that do not.
#include <algorithm>

#include "pkg/analysis/world.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/resolve.h"

namespace kuma::analysis {

namespace {

// Members of confs that only count for HTTP; a conf of nothing else has no effect on TCP. Empty: every conf of the type is for HTTP.
struct HttpPart {
  std::string_view type;
  std::vector<std::string> members;
};
const std::vector<HttpPart>& OutboundParts() {
  static const std::vector<HttpPart> kParts = {
      {"MeshHTTPRoute", {}}, {"MeshRetry", {"http", "grpc"}}, {"MeshTimeout", {"http"}}, {"MeshHealthCheck", {"http", "grpc"}}};
  return kParts;
}
const std::vector<HttpPart>& InboundParts() {
  static const std::vector<HttpPart> kParts = {{"MeshFaultInjection", {}}, {"MeshTimeout", {"http"}}};
  return kParts;
}

bool IsHttpOnly(const HttpPart& part, const Json& conf) {
  if (part.members.empty()) return true;
  if (!conf.is_object() || conf.empty()) return false;
  return std::all_of(conf.items().begin(), conf.items().end(), [&](const auto& member) {
    return std::find(part.members.begin(), part.members.end(), member.key()) != part.members.end();
  });
}

// What a destination speaks when that is not HTTP; empty otherwise, or when it is not known.
std::string NotHttp(const policy::TargetRef& target, const Resource& policy, const mesh::Snapshot& snapshot) {
  const auto resolved = policy::ResolveTargetRef(target, policy.meta, snapshot);
  std::string said;
  for (const policy::ResolvedTarget& one : resolved) {
    const mesh::Destination* destination = snapshot.FindDestination(one.kri.WithoutSection());
    if (destination == nullptr) return {};
    for (const mesh::DestinationPort& port : destination->ports) {
      if (!one.kri.section.empty() && port.SectionName() != one.kri.section) continue;
      if (mesh::IsHttp(port.protocol)) return {};
      said = mesh::ProtocolName(port.protocol);
    }
  }
  if (!resolved.empty()) return said;
  if (target.kind != policy::TargetKind::kMeshService && target.kind != policy::TargetKind::kMeshServiceSubset) return {};
  const mesh::ServiceInfo* info = snapshot.FindService(target.name);
  return info == nullptr || mesh::IsHttp(info->protocol) || info->protocol == mesh::Protocol::kUnknown
             ? std::string()
             : std::string(mesh::ProtocolName(info->protocol));
}

// Protocol of the inbounds that a policy selects, when none of them is HTTP.
std::string SelectsOnlyTcp(const Resource& policy, const mesh::Snapshot& snapshot) {
  std::string said;
  for (const auto& [name, dataplane] : snapshot.AllDataplanes()) {
    const policy::Selection selection = policy::SelectProxy(policy, *dataplane, snapshot);
    for (const mesh::Inbound& inbound : dataplane->inbounds) {
      const policy::InboundKey key{inbound.address, inbound.port};
      if (std::find(selection.inbounds.begin(), selection.inbounds.end(), key) == selection.inbounds.end()) continue;
      if (mesh::IsHttp(inbound.protocol)) return {};
      said = mesh::ProtocolName(inbound.protocol);
    }
  }
  return said;
}

}  // namespace

void CheckProtocols(const MeshView& mesh, Reporter& report) {
  for (const HttpPart& part : OutboundParts()) {
    for (const ResourcePtr& policy : mesh.Of(part.type)) {
      for (const Entry& entry : EntriesOf(*policy, "to")) {
        if (!IsHttpOnly(part, *entry.conf)) continue;
        const std::string protocol = NotHttp(entry.target, *policy, *mesh.snapshot);
        if (!protocol.empty())
          report.Add("protocol-mismatch", *policy, entry.Path(),
                     Describe(entry.target) + " speaks " + protocol + ", so what is set for HTTP has no effect");
      }
    }
  }
  if (!mesh.HasProxies()) return;
  for (const HttpPart& part : InboundParts()) {
    for (const ResourcePtr& policy : mesh.Of(part.type)) {
      for (const char* list : {"from", "rules"}) {
        for (const Entry& entry : EntriesOf(*policy, list)) {
          if (!IsHttpOnly(part, *entry.conf)) continue;
          const std::string protocol = SelectsOnlyTcp(*policy, *mesh.snapshot);
          if (!protocol.empty())
            report.Add("protocol-mismatch", *policy, entry.Path(),
                       "the selected inbounds speak " + protocol + ", so what is set for HTTP has no effect");
        }
      }
    }
  }
}

}  // namespace kuma::analysis
