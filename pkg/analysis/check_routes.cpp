// Routes: backends that are not there, weights that add up to nothing, rules that can never be reached.
#include "pkg/analysis/world.h"
#include "pkg/base/strings.h"
#include "pkg/policy/rules/merge.h"
#include "pkg/policy/rules/resolve.h"

namespace kuma::analysis {

namespace {

std::string WhyNoBackend(const MeshView& mesh, const Resource& route, const Json& ref, bool http) {
  const std::string kind = GetString(ref, "kind");
  const std::string name = GetString(ref, "name");
  const auto resolved = policy::ResolveBackendRef(KriOf(route.meta), ref, *mesh.snapshot);
  if (!resolved) return "no " + kind + " has the labels " + ToJsonText(Get(ref, "labels"));
  if (resolved->real) {
    const mesh::Destination* destination = mesh.snapshot->FindDestination(resolved->resource.WithoutSection());
    if (destination == nullptr) return "there is no " + kind + " " + resolved->resource.name;
    const mesh::DestinationPort* port = destination->FindPort(std::string_view(resolved->resource.section));
    if (port == nullptr)
      return kind + " " + resolved->resource.name + " has no port " +
             (resolved->resource.section.empty() ? "given in the backendRef" : resolved->resource.section);
    if (http && !mesh::IsHttp(port->protocol))
      return kind + " " + resolved->resource.name + " speaks " + std::string(mesh::ProtocolName(port->protocol)) + ", not HTTP";
    return {};
  }
  const mesh::ServiceInfo* info = mesh.snapshot->FindService(name);
  if (info == nullptr) return "there is no service " + name;
  if (http && !mesh::IsHttp(info->protocol))
    return "service " + name + " speaks " + std::string(mesh::ProtocolName(info->protocol)) + ", not HTTP";
  return {};
}

void CheckBackends(const MeshView& mesh, const Resource& route, const Json& refs, const std::string& path, bool http, Reporter& report) {
  if (!refs.is_array() || refs.empty()) return;
  bool any_weight = false;
  for (size_t i = 0; i < refs.size(); ++i) {
    any_weight |= GetInt(refs[i], "weight", 1) != 0;
    if (!mesh.complete) continue;
    if (const std::string why = WhyNoBackend(mesh, route, refs[i], http); !why.empty())
      report.Add("dangling-backend", route, path + "[" + std::to_string(i) + "]", why);
  }
  if (!any_weight) report.Add("weights-zero", route, path, "every backend has weight 0, so all matching traffic is answered with an error");
}

}  // namespace

void CheckRoutes(const MeshView& mesh, Reporter& report) {
  for (const char* type : {"MeshHTTPRoute", "MeshTCPRoute"}) {
    const bool http = std::string_view(type) == "MeshHTTPRoute";
    for (const ResourcePtr& route : mesh.Of(type)) {
      for (const Entry& entry : EntriesOf(*route, "to")) {
        const Json& rules = Get(*entry.document, "rules");
        std::map<std::string, size_t> seen;
        for (size_t k = 0; rules.is_array() && k < rules.size(); ++k) {
          const std::string path = entry.Path() + ".rules[" + std::to_string(k) + "]";
          const Json& conf = Get(rules[k], "default");
          CheckBackends(mesh, *route, Get(conf, "backendRefs"), path + ".default.backendRefs", http, report);
          if (!http) continue;
          const auto [first, fresh] = seen.try_emplace(policy::HashMatches(Get(rules[k], "matches")), k);
          if (!fresh) {
            report.Add("duplicate-match", *route, path + ".matches",
                       "rule " + std::to_string(first->second) + " of the entry has the same matches; one of them never gets a request");
          }
          const Json& filters = Get(conf, "filters");
          for (size_t f = 0; filters.is_array() && f < filters.size(); ++f) {
            const Json& ref = Get(Get(filters[f], "requestMirror"), "backendRef");
            if (ref.is_null() || !mesh.complete) continue;
            if (const std::string why = WhyNoBackend(mesh, *route, ref, true); !why.empty())
              report.Add("dangling-backend", *route, path + ".default.filters[" + std::to_string(f) + "].requestMirror.backendRef",
                         why + ", so nothing is mirrored");
          }
        }
      }
    }
  }
}

}  // namespace kuma::analysis
