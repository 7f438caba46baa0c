#include "pkg/policy/mesh_metric/document.h"

#include "pkg/base/strings.h"

namespace kuma::policy {

namespace {

using OrderedJson = nlohmann::ordered_json;  // the order of fields is part of the document's ETag

std::string LabelName(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;  // inside of a UTF-8 character
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    result += ok ? c : '_';
  }
  return result;
}

void Copy(const Json& from, const char* field, OrderedJson& to) {
  if (const Json& value = Get(from, field); !value.is_null()) to[field] = value.get<OrderedJson>();
}

OrderedJson Selectors(const Json& list) {
  OrderedJson result = OrderedJson::array();
  for (const Json& selector : list) {
    OrderedJson& out = result.emplace_back();
    out["type"] = GetString(selector, "type");
    out["match"] = GetString(selector, "match");
  }
  return result;
}

OrderedJson Sidecar(const Json& sidecar) {
  OrderedJson result = OrderedJson::object();
  if (const Json& profiles = Get(sidecar, "profiles"); profiles.is_object()) {
    OrderedJson& out = result["profiles"] = OrderedJson::object();
    Copy(profiles, "appendProfiles", out);
    for (const char* list : {"exclude", "include"}) {
      if (const Json& selectors = Get(profiles, list); selectors.is_array()) out[list] = Selectors(selectors);
    }
  }
  Copy(sidecar, "includeUnused", result);
  return result;
}

OrderedJson Applications(const Json& list) {
  OrderedJson result;
  if (!list.is_array()) return result;
  for (const Json& application : list) {
    OrderedJson& out = result.emplace_back();
    Copy(application, "name", out);
    out["path"] = GetString(application, "path", "/metrics");
    out["port"] = GetInt(application, "port");
    out["address"] = GetString(application, "address");
  }
  return result;
}

std::map<std::string, std::string> ExtraLabels(const ProxyFacts& proxy, const ProxySelf& self) {
  std::map<std::string, std::string> labels = {{"mesh", proxy.mesh}, {"kuma.proxy_role", self.role}};
  if (!proxy.telemetry.zone_label.empty()) labels["zone"] = proxy.telemetry.zone_label;
  const auto workload = self.labels.find(kWorkloadLabel);
  const bool has_workload = !self.zone_proxy_only && workload != self.labels.end() && !workload->second.empty();
  if (has_workload) labels["kuma.workload"] = workload->second;
  if (proxy.unified_naming) return labels;
  for (const auto& [tag, values] : self.tags) {
    labels[LabelName(tag)] = values.empty() ? std::string() : values.front();
    labels[LabelName(tag + "s")] = "," + Join(values, ",") + ",";
  }
  labels["dataplane"] = self.name;
  if (!has_workload && proxy.service != "unknown") labels["service"] = proxy.service;
  return labels;
}

}  // namespace

std::string MetricBackendName(std::string endpoint) { return ReplaceAll(ReplaceAll(std::move(endpoint), "/", ""), ":", "-"); }

std::string MetricDocument(const Json& conf, bool prometheus, const std::vector<MetricExport>& exports, const ProxyFacts& proxy,
                           const ProxySelf& self) {
  OrderedJson document;
  OrderedJson& metrics = document["observability"]["metrics"];
  metrics["applications"] = self.zone_proxy_only ? OrderedJson() : Applications(Get(conf, "applications"));
  OrderedJson& backends = metrics["backends"];
  if (prometheus) {
    OrderedJson& out = backends.emplace_back();
    out["type"] = "Prometheus";
    out["name"] = nullptr;
  }
  for (const MetricExport& one : exports) {
    OrderedJson& out = backends.emplace_back();
    out["type"] = "OpenTelemetry";
    out["name"] = one.name;
    out["openTelemetry"]["endpoint"] = one.socket_path;
    out["openTelemetry"]["refreshInterval"] = one.refresh_interval;
  }
  if (const Json& sidecar = Get(conf, "sidecar"); sidecar.is_object()) metrics["sidecar"] = Sidecar(sidecar);
  OrderedJson& labels = metrics["extraLabels"] = OrderedJson::object();
  for (const auto& [key, value] : ExtraLabels(proxy, self)) labels[key] = value;
  return EscapeHtml(document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace kuma::policy
