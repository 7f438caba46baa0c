#include "pkg/dpserver/bootstrap_request.h"

#include <arpa/inet.h>

#include <algorithm>
#include <limits>

namespace kuma::dpserver {
namespace {

// Reads typed members and remembers the first one that has another type.
class Reader {
 public:
  explicit Reader(const Json& object) : object_(object) {}

  void String(std::string_view key, std::string& target) { Read(key, target, "a string", [](const Json& v) { return v.is_string(); }); }
  void Bool(std::string_view key, bool& target) { Read(key, target, "true or false", [](const Json& v) { return v.is_boolean(); }); }
  template <typename Number>
  void Unsigned(std::string_view key, Number& target) {
    Read(key, target, "a whole number", [](const Json& v) {
      return v.is_number_integer() && (v.is_number_unsigned() || v.get<int64_t>() >= 0) && v.get<uint64_t>() <= std::numeric_limits<Number>::max();
    });
  }
  Json Object(std::string_view key) {
    Json target;
    Read(key, target, "an object", [](const Json& v) { return v.is_object(); });
    return target;
  }
  void Strings(std::string_view key, std::vector<std::string>& target) {
    Read(key, target, "a list of strings",
         [](const Json& v) { return v.is_array() && std::all_of(v.begin(), v.end(), [](const Json& item) { return item.is_string(); }); });
  }
  Status Finish(std::string_view where) const {
    if (wrong_.empty()) return Ok();
    return Invalid(std::string(where) + wrong_ + " must be " + allowed_);
  }

 private:
  template <typename T, typename Check>
  void Read(std::string_view key, T& target, const char* allowed, Check check) {
    const Json& value = Get(object_, key);
    if (value.is_null()) return;
    if (check(value)) {
      target = value.get<T>();
    } else if (wrong_.empty()) {
      wrong_ = key;
      allowed_ = allowed;
    }
  }

  const Json& object_;
  std::string wrong_;
  std::string allowed_;
};

Json KeepNonEmpty(const Json& object, std::initializer_list<const char*> keys) {
  Json kept = Json::object();
  for (const char* key : keys) {
    const Json& value = Get(object, key);
    if ((value.is_string() && !value.get_ref<const std::string&>().empty()) || (value.is_boolean() && value.get<bool>())) kept[key] = value;
  }
  return kept;
}

Json OtelSignal(const Json& signal) {
  if (!signal.is_object()) return nullptr;
  Json out = Json::object();
  for (const char* key : {"signal", "effectiveProtocol", "effectiveAuthMode"}) out[key] = GetString(signal, key);
  for (const char* key : {"endpointPresent", "endpointParsedAsURL", "endpointHasPath", "protocolPresent", "headersPresent", "timeoutPresent",
                          "compressionPresent", "insecurePresent", "certificatePresent", "clientCertificatePresent", "clientKeyPresent"}) {
    out[key] = GetBool(signal, key);
  }
  for (const char* key : {"overrideKinds", "validationErrors"}) out[key] = Get(signal, key).is_array() ? Get(signal, key) : Json::array();
  return out;
}

// The inventory is told in full: what is absent is null, false or empty.
Json OtelInventory(const Json& env) {
  Json out = Json::object();
  out["pipeEnabled"] = GetBool(env, "pipeEnabled");
  for (const char* key : {"shared", "traces", "logs", "metrics"}) out[key] = OtelSignal(Get(env, key));
  const Json& errors = Get(env, "validationErrors");
  out["validationErrors"] = errors.is_array() ? errors : Json::array();
  return out;
}

Json TransparentProxy(const Json& config) {
  const Json& redirect = Get(config, "redirect");
  auto flow = [&](const char* key) {
    const Json& value = Get(redirect, key);
    return Json{{"enabled", GetBool(value, "enabled")}, {"port", GetInt(value, "port")}};
  };
  const Json& networks = GetPath(redirect, {"vnet", "networks"});
  return Json{{"ipFamilyMode", GetString(config, "ipFamilyMode")},
              {"redirect",
               {{"inbound", flow("inbound")},
                {"outbound", flow("outbound")},
                {"dns", flow("dns")},
                {"vnet", {{"networks", networks.is_array() ? networks : Json::array()}}}}}};
}

}  // namespace

bool BootstrapRequest::HasFeature(std::string_view feature) const { return std::find(features.begin(), features.end(), feature) != features.end(); }

bool BootstrapRequest::RedirectsTraffic(const std::string& address) const {
  const Json& redirect = Get(transparent_proxy, "redirect");
  if (!GetBool(Get(redirect, "inbound"), "enabled") && !GetBool(Get(redirect, "outbound"), "enabled")) return false;
  if (GetString(transparent_proxy, "ipFamilyMode") != "ipv4") return true;
  in_addr parsed{};
  return inet_pton(AF_INET, address.c_str(), &parsed) == 1;
}

Result<BootstrapRequest> ParseBootstrapRequest(std::string_view body) {
  KUMA_TRY_ASSIGN(const Json document, ParseJson(body));
  if (!document.is_object()) return Invalid("the body must be a JSON object");
  BootstrapRequest request;
  Reader reader(document);
  reader.String("mesh", request.mesh);
  reader.String("name", request.name);
  reader.String("proxyType", request.proxy_type);
  reader.String("dataplaneToken", request.dataplane_token);
  reader.String("dataplaneTokenPath", request.dataplane_token_path);
  reader.String("dataplaneResource", request.dataplane_resource);
  reader.String("caCert", request.ca_cert);
  reader.Unsigned("dnsPort", request.dns_port);
  reader.Unsigned("readinessPort", request.readiness_port);
  reader.Bool("appProbeProxyDisabled", request.app_probe_proxy_enabled);  // historic name: true means enabled
  reader.Strings("features", request.features);
  reader.String("workdir", request.workdir);
  reader.String("systemCaPath", request.system_ca_path);
  reader.Bool("ipv6Enabled", request.ipv6_enabled);
  request.version = reader.Object("version");
  request.otel_env = reader.Object("otelEnv");
  request.transparent_proxy = reader.Object("dataplaneConfig");
  if (Json dynamic = reader.Object("dynamicMetadata"); dynamic.is_object()) request.dynamic_metadata = std::move(dynamic);
  const Json resources = reader.Object("resources");
  const Json metrics = reader.Object("metricsResources");
  const Json spire = reader.Object("spireResources");
  KUMA_TRY(reader.Finish(""));

  Reader heap(resources);
  heap.Unsigned("maxHeapSizeBytes", request.max_heap_bytes);
  KUMA_TRY(heap.Finish("resources."));
  Reader paths(metrics);
  paths.String("certPath", request.metrics_cert_path);
  paths.String("keyPath", request.metrics_key_path);
  KUMA_TRY(paths.Finish("metricsResources."));
  Reader socket(spire);
  socket.String("socketPath", request.spire_socket_path);
  KUMA_TRY(socket.Finish("spireResources."));
  for (const auto& [key, value] : request.dynamic_metadata.items()) {
    if (!value.is_string()) return Invalid("dynamicMetadata." + key + " must be a string");
  }
  if (request.proxy_type.empty()) request.proxy_type = "dataplane";
  std::sort(request.features.begin(), request.features.end());
  request.features.erase(std::unique(request.features.begin(), request.features.end()), request.features.end());
  return request;
}

Json MakeNodeMetadata(const BootstrapRequest& request) {
  Json metadata = {
      {"version",
       {{"kumaDp", KeepNonEmpty(Get(request.version, "kumaDp"), {"version", "gitTag", "gitCommit", "buildDate"})},
        {"envoy", KeepNonEmpty(Get(request.version, "envoy"), {"version", "build", "kumaDpCompatible"})}}},
      {"features", request.features},
      {"workdir", request.workdir},
      {"metricsCertPath", request.metrics_cert_path},
      {"metricsKeyPath", request.metrics_key_path},
      {"systemCaPath", request.system_ca_path},
      {"ipv6Enabled", request.ipv6_enabled},
      {"spireAgent.socketPath", request.spire_socket_path},
      {"dataplane.proxyType", request.proxy_type},
  };
  if (!request.dataplane_resource.empty()) metadata["dataplane.resource"] = request.dataplane_resource;
  if (request.dns_port != 0) metadata["dataplane.dns.port"] = std::to_string(request.dns_port);
  if (request.readiness_port != 0) metadata["dataplane.readinessReporter.port"] = std::to_string(request.readiness_port);
  if (request.app_probe_proxy_enabled) metadata["dataplane.appProbeProxy.enabled"] = "true";
  if (!request.dynamic_metadata.empty()) metadata["dynamicMetadata"] = request.dynamic_metadata;
  if (request.transparent_proxy.is_object()) metadata["transparentProxy"] = TransparentProxy(request.transparent_proxy);
  if (request.otel_env.is_object()) metadata["otelEnvInventory"] = OtelInventory(request.otel_env);
  return metadata;
}

}  // namespace kuma::dpserver
