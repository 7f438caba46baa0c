#include "pkg/dp/metrics/mesh_metrics.h"

#include <algorithm>
#include <unordered_map>

#include "pkg/io/socket.h"

namespace kuma::dp::metrics {
namespace {

constexpr char kCluster[] = "envoy_cluster_name";
constexpr char kHttpPrefix[] = "envoy_http_conn_manager_prefix";
constexpr char kMeshTraffic[] = "kuma_io_mesh_traffic";
constexpr size_t kHashLength = 16;

constexpr std::string_view kOwnClusters[] = {"ads_cluster",      "access_log_sink",      "system_ads", "system_access_log_sink",
                                             "kuma_envoy_admin", "kuma_metrics_hijacker"};
constexpr std::string_view kOwnPrefixes[] = {"admin", "kuma_envoy_admin", "kuma_metrics_prometheus"};

template <typename List>
bool Has(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

// "backend-0123456789abcdef" -> "backend".
std::string WithoutHash(const std::string& name) {
  if (name.size() <= kHashLength) return name;
  const size_t dash = name.size() - kHashLength - 1;
  const auto is_hex = [](unsigned char c) { return std::isxdigit(c) != 0; };
  if (name[dash] != '-' || !std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dash) + 1, name.end(), is_hex)) return name;
  return name.substr(0, dash);
}

std::string* FindLabel(Sample& sample, std::string_view name) {
  for (auto& [label, value] : sample.labels) {
    if (label == name) return &value;
  }
  return nullptr;
}

void SumFamily(Family& family) {
  std::vector<Sample> summed;
  std::unordered_map<std::string, size_t> places;  // by suffix and labels
  for (Sample& sample : family.samples) {
    std::string* cluster = FindLabel(sample, kCluster);
    if (cluster != nullptr) *cluster = WithoutHash(*cluster);
    std::string key = sample.suffix;
    for (const auto& [label, value] : sample.labels) key += '\x1f' + label + '\x1e' + value;
    const auto [place, is_new] = places.emplace(std::move(key), summed.size());
    if (!is_new) {
      summed[place->second].value += sample.value;
      continue;
    }
    if (cluster != nullptr && !Has(kOwnClusters, *cluster)) sample.labels.emplace_back(kMeshTraffic, "true");
    summed.push_back(std::move(sample));
  }
  family.samples = std::move(summed);
}

}  // namespace

std::shared_ptr<const Plan> MakeMeshPlan(const Json& aggregate, const std::string& query, const PlanContext& context) {
  auto plan = std::make_shared<Plan>();
  plan->profile = Profile(Json{{"profiles", {{"appendProfiles", Json::array({{{"name", "All"}}})}}}});
  for (const Json& one : aggregate) {
    const std::string path = GetString(one, "path");
    const std::string url = "http://" + io::HostPort(GetString(one, "address", "127.0.0.1"), static_cast<uint16_t>(GetInt(one, "port")));
    plan->targets.push_back({GetString(one, "name"), url + (path.starts_with('/') ? "" : "/") + path, {}, false});
    if (context.redirected) plan->targets.back().source_address = url.find('[') != std::string::npos ? "::6" : "127.0.0.6";
  }
  if (context.admin.IsSet()) {
    const std::string more = query.empty() ? "" : "&" + query;
    plan->targets.push_back({"envoy", context.admin.Url("/stats?format=prometheus&text_readouts" + more), {}, true});
  }
  return plan;
}

void SumClusters(Families& families) {
  for (auto& [name, family] : families) {
    Sample& first = family.samples.front();
    if (FindLabel(first, kCluster) != nullptr) {
      SumFamily(family);
    } else if (FindLabel(first, kHttpPrefix) != nullptr) {
      for (Sample& sample : family.samples) {
        const std::string* prefix = FindLabel(sample, kHttpPrefix);
        if (prefix != nullptr && !Has(kOwnPrefixes, *prefix)) sample.labels.emplace_back(kMeshTraffic, "true");
      }
    }
  }
}

std::string WriteMeshMetrics(Parts parts, const Plan& plan) {
  Families all;
  // The last part is kuma-dp's own, which has no place here.
  for (size_t i = 0; i < plan.targets.size(); ++i) {
    if (plan.targets[i].is_envoy) SumClusters(parts[i].families);
    for (auto& [name, family] : parts[i].families) {
      const auto [it, is_new] = all.try_emplace(name, std::move(family));
      if (is_new || it->second.type != family.type) continue;
      it->second.samples.insert(it->second.samples.end(), std::make_move_iterator(family.samples.begin()),
                                std::make_move_iterator(family.samples.end()));
    }
  }
  return WriteText(all);
}

}  // namespace kuma::dp::metrics
