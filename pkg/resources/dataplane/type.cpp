#include "pkg/resources/dataplane/type.h"

#include <algorithm>
#include <map>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/model/names.h"
#include "pkg/resources/common_fields.h"
#include "pkg/resources/dataplane/inbounds.h"
#include "pkg/resources/mesh/type.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

constexpr std::string_view kKinds = "MeshExternalService,MeshMultiZoneService,MeshService";
constexpr std::string_view kAddressesDiffer = "serviceAddress and servicePort has to differ from address and port";

Field Port(std::string name, std::string doc) { return Field::Int(std::move(name), std::move(doc), FieldKind::kUint32); }

Field InboundField() {
  return Field::Object(
      "",
      {Port("port", "Port the proxy listens on."), Port("servicePort", "Port of the application; absent: the same."),
       Field::String("serviceAddress", "Address of the application."), Field::String("address", "Address of this inbound, if not the proxy's."),
       StringMap("tags", "Tags of the service."), Field::Object("health", {Field::Bool("ready", "Whether it takes traffic.")}, "Classic health."),
       Field::Object("serviceProbe",
                     {Field::ProtoDuration("interval", "Time between probes."), Field::ProtoDuration("timeout", "Limit of one probe."),
                      Port("unhealthyThreshold", "Failures until unhealthy.").KeepZero(), Port("healthyThreshold", "Successes until healthy.").KeepZero(),
                      Field::Object("tcp", {}, "Open a connection.")},
                     "How the proxy checks the application."),
       Field::Enum("state", {"Ready", "NotReady", "Ignored"}, "Whether it takes traffic.").ProtoEnum("kuma.mesh.v1alpha1.Dataplane.Networking.Inbound.State"),
       Field::String("name", "Name of the inbound; MeshService ports may refer to it."), Field::String("protocol", "Protocol of the application.")},
      "");
}

Schema DataplaneSchema() {
  const auto reference = [](std::string name, Fields extra) {
    Fields fields = {Field::String("kind", "Kind of destination."), Field::String("name", "Its name."), StringMap("labels", "Its labels.")};
    fields.insert(fields.end(), extra.begin(), extra.end());
    return Field::Object(std::move(name), std::move(fields), "A destination.");
  };
  return ProtoSchema(
      {Field::Object(
           "networking",
           {Field::String("address", "Address other proxies reach this one at."), Field::String("advertisedAddress", "Address told to others, if it differs."),
            Field::List("inbound", InboundField(), "What the application offers."),
            Field::List("outbound",
                        Field::Object("",
                                      {Field::String("address", "Local address."), Port("port", "Local port."), StringMap("tags", "Tags of the service."),
                                       reference("backendRef", {Port("port", "Port of the destination.")})},
                                      ""),
                        "What the application uses."),
            Field::Object("gateway",
                          {StringMap("tags", "Tags of the gateway."),
                           Field::Enum("type", {"DELEGATED", "BUILTIN"}, "Who runs the gateway.")
                               .ProtoEnum("kuma.mesh.v1alpha1.Dataplane.Networking.Gateway.GatewayType")},
                          "Set for gateways."),
            Field::Object("transparentProxying",
                          {Port("redirectPortInbound", "Port for redirected inbound traffic."), Port("redirectPortOutbound", "Port for redirected outbound traffic."),
                           StringList("directAccessServices", "Services whose proxies are reached by their own address."),
                           StringList("reachableServices", "Services this proxy gets configuration for."),
                           Field::Enum("ipFamilyMode", {"UnSpecified", "DualStack", "IPv4", "IPv6"}, "Address families.")
                               .ProtoEnum("kuma.mesh.v1alpha1.Dataplane.Networking.TransparentProxying.IpFamilyMode"),
                           Field::Object("reachableBackends",
                                         {Field::List("refs",
                                                      reference("", {Field::String("namespace", "Its namespace."),
                                                                     Port("port", "Port of the destination.").KeepZero()}),
                                                      "The list; empty: nothing.")},
                                         "Destinations this proxy gets configuration for.")},
                          "Set when traffic is redirected by the kernel."),
            Field::Object("admin", {Port("port", "Port.")}, "Envoy's admin listener."),
            Field::List("listeners",
                        Field::Object("",
                                      {Field::Enum("type", {"Unspecified", "ZoneIngress", "ZoneEgress"}, "Role.")
                                           .ProtoEnum("kuma.mesh.v1alpha1.Dataplane.Networking.Listener.Type"),
                                       Field::String("address", "Address."), Port("port", "Port."), Field::String("name", "Name."),
                                       Field::Enum("state", {"Ready", "NotReady"}, "Whether it takes traffic.")
                                           .ProtoEnum("kuma.mesh.v1alpha1.Dataplane.Networking.Listener.State")},
                                      ""),
                        "Zone proxy listeners.")},
           "Addresses and ports."),
       Field::Object("metrics", {Field::String("name", "Name."), Field::String("type", "Kind."), ProtoStruct("conf", "Configuration.")},
                     "Overrides of the mesh's metrics backend."),
       Field::Object("probes",
                     {Port("port", "Port of the virtual probes."),
                      Field::List("endpoints",
                                  Field::Object("", {Port("inboundPort", "Port of the application."), Field::String("inboundPath", "Path of the application."),
                                                     Field::String("path", "Path that is probed.")},
                                                ""),
                                  "Mapping.")},
                     "Virtual probes.")});
}

// Whether both stand for the same socket address space; wildcards cover all.
bool Overlap(const std::string& address, const std::string& other) {
  if (other == "0.0.0.0" || other == "::") return true;
  return address == other;
}

void CheckAdminPort(Checker& checker, const Json& networking) {
  const Json& admin = Get(networking, "admin");
  if (admin.is_null()) return;
  const int64_t port = GetInt(admin, "port");
  const std::string loopback = "127.0.0.1";
  for (const Json& inbound : Get(networking, "inbound")) {
    const std::string address = GetString(inbound, "address", GetString(networking, "address"));
    const std::string service = GetString(inbound, "serviceAddress", address);
    if ((port == GetInt(inbound, "port") && Overlap(loopback, address)) ||
        (port == GetInt(inbound, "servicePort", GetInt(inbound, "port")) && Overlap(loopback, service))) {
      checker.Add(Path("networking.admin.port"), "must differ from inbound");
      break;
    }
  }
  for (const Json& outbound : Get(networking, "outbound")) {
    if (port == GetInt(outbound, "port") && Overlap(loopback, GetString(outbound, "address", loopback))) {
      checker.Add(Path("networking.admin.port"), "must differ from outbound");
      break;
    }
  }
}

void CheckInbound(Checker& checker, const Path& path, const Json& inbound, const std::string& proxy_address) {
  const int64_t port = GetInt(inbound, "port");
  const int64_t service_port = GetInt(inbound, "servicePort");
  const std::string address = GetString(inbound, "address");
  const std::string service_address = GetString(inbound, "serviceAddress");
  const bool same_port = service_port == 0 || service_port == port;
  CheckProtoPort(checker, path.Field("port"), port);
  if (service_port != 0) CheckProtoPort(checker, path.Field("servicePort"), service_port);
  if (!service_address.empty()) {
    if (!IsIp(service_address)) checker.Add(path.Field("serviceAddress"), "serviceAddress has to be valid IP address");
    if (service_address == proxy_address && same_port) checker.Add(path.Field("serviceAddress"), std::string(kAddressesDiffer));
  }
  if (!address.empty()) {
    if (!IsIp(address)) checker.Add(path.Field("address"), "address has to be valid IP address");
    if (address == service_address && same_port) checker.Add(path.Field("serviceAddress"), std::string(kAddressesDiffer));
  }
  CheckTags(checker, path.Field("tags"), Get(inbound, "tags"), {.extra = [](Checker& c, const Path& at, const Json& tags) {
              const Json& protocol = Get(tags, kProtocolTag);
              if (protocol.is_string() && !IsKnownProtocol(protocol.get<std::string>())) {
                c.Add(at.Key(kProtocolTag), "tag \"kuma.io/protocol\" has an invalid value " + QuoteGo(protocol.get<std::string>()) + ". " +
                                                AllowedValuesHint(SupportedProtocols()));
              }
            }});
  const std::string protocol = GetString(inbound, "protocol");
  if (!protocol.empty() && !IsKnownProtocol(protocol)) {
    checker.Add(path.Field("protocol"), "has an invalid value " + QuoteGo(protocol) + ". " + AllowedValuesHint(SupportedProtocols()));
  }
  if (const Json& probe = Get(inbound, "serviceProbe"); !probe.is_null()) {
    const Path at = path.Field("serviceProbe");
    for (const char* field : {"interval", "timeout"}) {
      if (const Json& value = Get(probe, field); !value.is_null()) CheckPositiveProtoDuration(checker, at.Field(field), value);
    }
    for (const char* field : {"unhealthyThreshold", "healthyThreshold"}) {
      if (probe.contains(field) && GetInt(probe, field) == 0) checker.Add(at.Field(field), "must have a positive value");
    }
  }
  if (const Json& tags = Get(inbound, "tags"); tags.is_object() && !tags.empty() && !tags.contains(std::string(kServiceTag))) {
    checker.Add(path.Field("tags").Key(kServiceTag), "tag has to exist");
  }
}

bool IsDestinationKind(std::string_view kind) { return kind == "MeshService" || kind == "MeshExternalService" || kind == "MeshMultiZoneService"; }

void CheckOutbound(Checker& checker, const Path& path, const Json& outbound) {
  CheckProtoPort(checker, path.Field("port"), GetInt(outbound, "port"));
  if (const std::string address = GetString(outbound, "address"); !address.empty() && !IsIp(address)) {
    checker.Add(path.Field("address"), "address has to be valid IP address");
  }
  const Json& reference = Get(outbound, "backendRef");
  const Json& tags = Get(outbound, "tags");
  const bool has_tags = tags.is_object() && !tags.empty();
  if (!reference.is_null()) {
    const Path at = path.Field("backendRef");
    const std::string kind = GetString(reference, "kind");
    if (!IsDestinationKind(kind)) checker.Add(at.Field("kind"), "invalid value. Available values are: " + std::string(kKinds));
    if (GetString(reference, "name").empty() && Get(reference, "labels").empty()) {
      checker.Add(at, "either 'name' or 'labels' should be specified");
    }
    // An external service has its port in its endpoints.
    if (kind != "MeshExternalService") CheckProtoPort(checker, at.Field("port"), GetInt(reference, "port"));
  } else if (!has_tags) {
    checker.Add(path.Field("tags"), "mandatory tag \"kuma.io/service\" is missing");
  } else {
    CheckTags(checker, path.Field("tags"), tags, {.require_service = true});
  }
  if (!reference.is_null() && has_tags) checker.Add(path.Field("backendRef"), "both backendRef and tags/service cannot be defined");
}

void CheckReachableBackends(Checker& checker, const Json& proxying) {
  const Json& refs = GetPath(proxying, {"reachableBackends", "refs"});
  for (size_t i = 0; i < refs.size(); ++i) {
    // The misspelled section is part of the public texts.
    const Path path = Path("networking.transparentProxing.reachableBackends.refs").Index(i);
    const std::string name = GetString(refs[i], "name");
    const bool has_namespace = !GetString(refs[i], "namespace").empty();
    const bool has_labels = !Get(refs[i], "labels").empty();
    if (!IsDestinationKind(GetString(refs[i], "kind"))) {
      checker.Add(path.Field("kind"), "invalid value. Available values are: " + std::string(kKinds));
    }
    if (!name.empty()) {
      if (std::string text = CheckName(name); !text.empty()) checker.Add(path.Field("name"), std::move(text));
    }
    if (name.empty() && !has_namespace && !has_labels) checker.Add(path.Field("name"), "name or labels are required");
    if (name.empty() && has_namespace) checker.Add(path.Field("name"), "name is required, when namespace is defined");
    if ((!name.empty() || has_namespace) && has_labels) checker.Add(path.Field("labels"), "labels cannot be defined when name is specified");
  }
}

void CheckNetworking(Checker& checker, const Json& networking) {
  const Path path("networking");
  const std::string address = GetString(networking, "address");
  CheckAddress(checker, path, address);
  const Json& inbounds = Get(networking, "inbound");
  for (size_t i = 0; i < inbounds.size(); ++i) CheckInbound(checker, path.Field("inbound").Index(i), inbounds[i], address);
  const Json& outbounds = Get(networking, "outbound");
  for (size_t i = 0; i < outbounds.size(); ++i) CheckOutbound(checker, path.Field("outbound").Index(i), outbounds[i]);
  CheckReachableBackends(checker, Get(networking, "transparentProxying"));
}

void CheckProbes(Checker& checker, const Json& probes) {
  if (probes.is_null()) return;
  CheckProtoPort(checker, Path("probes.port"), GetInt(probes, "port"));
  const Json& endpoints = Get(probes, "endpoints");
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const Path path = Path("probes.endpoints").Index(i);
    CheckProtoPort(checker, path.Field("inboundPort"), GetInt(endpoints[i], "inboundPort"));
    for (const char* field : {"inboundPath", "path"}) {
      if (!ParseRequestUri(GetString(endpoints[i], field))) checker.Add(path.Field(field), "should be a valid URL Path");
    }
  }
}

void CheckGateway(Checker& checker, const Json& gateway) {
  const Json& tags = Get(gateway, "tags");
  CheckTags(checker, Path("networking.gateway.tags"), tags,
            {.require_service = tags.is_object() && !tags.empty(), .extra = [](Checker& c, const Path& at, const Json& given) {
               const Json& protocol = Get(given, kProtocolTag);
               if (protocol.is_string() && ToLower(protocol.get<std::string>()) != "tcp") {
                 c.Add(at.Key(kProtocolTag), "other values than tcp are not allowed, provided value " + QuoteGo(protocol.get<std::string>()));
               }
             }});
}

void CheckListeners(Checker& checker, const Json& networking) {
  const Json& listeners = Get(networking, "listeners");
  std::set<std::string> names;
  for (const Json& inbound : Get(networking, "inbound")) names.insert(InboundSection(inbound));
  std::map<std::string, std::string> taken;
  for (size_t i = 0; i < listeners.size(); ++i) {
    const Json& listener = listeners[i];
    const Path path = Path("networking.listeners").Index(i);
    const std::string type = GetString(listener, "type");
    const std::string address = GetString(listener, "address");
    const std::string name = GetString(listener, "name");
    if (type.empty()) checker.Add(path.Field("type"), "type must be ZoneIngress or ZoneEgress");
    CheckAddress(checker, path, address);
    CheckProtoPort(checker, path.Field("port"), GetInt(listener, "port"));
    if (!name.empty() && !names.insert(name).second) {
      checker.Add(path.Field("name"), "name " + QuoteGo(name) + " must be unique across inbounds and listeners");
    }
    const std::string socket = address + ":" + std::to_string(GetInt(listener, "port"));
    if (const auto [other, fresh] = taken.emplace(socket, type); !fresh) {
      checker.Add(path, "address:port " + socket + (other->second == type ? " is already used by another listener" : " is used by listeners of different types"));
    }
    for (const Json& inbound : Get(networking, "inbound")) {
      if (GetString(inbound, "address", GetString(networking, "address")) + ":" + std::to_string(GetInt(inbound, "port")) == socket) {
        checker.Add(path, "address:port " + socket + " collides with an inbound listener");
        break;
      }
    }
  }
}

void ValidateDataplane(const Resource& dataplane, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path path("networking");
  const Json& networking = Get(dataplane.spec, "networking");
  if (networking.is_null()) {
    checker.Add(path, "must be defined");
    return;
  }
  CheckAdminPort(checker, networking);
  const Json& gateway = Get(networking, "gateway");
  const Json& probes = Get(dataplane.spec, "probes");
  if (gateway.is_null()) {
    CheckNetworking(checker, networking);
    CheckProbes(checker, probes);
    if (const Json& metrics = Get(dataplane.spec, "metrics"); !metrics.is_null()) {
      if (GetString(metrics, "type") != "prometheus") {
        checker.Add(Path("metrics.type"), "unknown backend type. Available backends: \"prometheus\"");
      } else {
        CheckPrometheusConf(violations, "metrics.conf", Get(metrics, "conf"));
      }
    }
    CheckListeners(checker, networking);
    return;
  }
  const bool builtin = GetString(gateway, "type") == "BUILTIN";
  const std::string kind = builtin ? "builtin gateways" : "delegated gateways";
  if (!Get(networking, "inbound").empty()) checker.Add(path.Field("inbound"), "inbound cannot be defined for " + kind);
  if (builtin && !Get(networking, "outbound").empty()) checker.Add(path.Field("outbound"), "outbound cannot be defined for " + kind);
  if (!Get(networking, "listeners").empty()) checker.Add(path.Field("listeners"), "listeners cannot be defined for " + kind);
  if (builtin && !probes.is_null()) checker.Add(path.Field("probes"), "probes cannot be defined for " + kind);
  CheckGateway(checker, gateway);
  CheckNetworking(checker, networking);
  if (!builtin) CheckProbes(checker, probes);
}

// The zone is a tag of every inbound and gateway; inbounds with a probe start as not ready.
void PrepareDataplane(Resource& dataplane, const WriteContext& context) {
  if (!Get(dataplane.spec, "networking").is_object()) return;
  Json& networking = dataplane.spec["networking"];
  const bool exclusive = context.mesh != nullptr && GetString(Get(context.mesh->spec, "meshServices"), "mode") == "Exclusive";
  if (const auto inbounds = networking.find("inbound"); inbounds != networking.end()) {
    for (Json& inbound : *inbounds) {
      if (!context.zone.empty() && !(exclusive && Get(inbound, "tags").empty())) inbound["tags"][std::string(kZoneTag)] = context.zone;
      if (context.old == nullptr && inbound.contains("serviceProbe")) {
        inbound["state"] = "NotReady";
        inbound["health"] = Json::object();
      }
    }
  }
  if (const auto gateway = networking.find("gateway"); gateway != networking.end() && !context.zone.empty()) {
    (*gateway)["tags"][std::string(kZoneTag)] = context.zone;
  }
}

// "a=1 b=2", as a set of tags is shown.
std::string TagText(const Json& tags) {
  std::string text;
  for (const auto& [key, value] : tags.items()) {
    if (!text.empty()) text += ' ';
    text += key + "=" + value.get<std::string>();
  }
  return text;
}

bool MatchesRule(const Json& rule, const Json& tags) {
  for (const auto& [key, wanted] : Get(rule, "tags").items()) {
    const std::string value = GetString(tags, key);
    if (wanted == "*" && !value.empty()) continue;
    if (wanted != value) return false;
  }
  return true;
}

void AdmitDataplane(const Resource& dataplane, const WriteContext& context, std::vector<Violation>& violations) {
  if (context.mesh == nullptr) return;
  const Json& constraints = GetPath(context.mesh->spec, {"constraints", "dataplaneProxy"});
  if (constraints.is_null()) return;
  std::vector<Json> sets;
  for (const Json& inbound : GetPath(dataplane.spec, {"networking", "inbound"})) sets.push_back(Get(inbound, "tags"));
  if (const Json& gateway = GetPath(dataplane.spec, {"networking", "gateway"}); !gateway.is_null()) sets.push_back(Get(gateway, "tags"));
  const Json& requirements = Get(constraints, "requirements");
  const auto matches = [](const Json& tags) { return [&tags](const Json& rule) { return MatchesRule(rule, tags); }; };
  for (const Json& tags : sets) {
    const std::string start = "dataplane cannot be a member of mesh " + QuoteGo(context.mesh->meta.name()) + " because its tags " + QuoteGo(TagText(tags));
    if (!requirements.empty() && std::none_of(requirements.begin(), requirements.end(), matches(tags))) {
      violations.push_back({"", start + " does not fulfill any requirements defined on the Mesh"});
      return;
    }
    for (const Json& rule : Get(constraints, "restrictions")) {
      if (MatchesRule(rule, tags)) {
        violations.push_back({"", start + " matches restricted tags " + QuoteGo(TagText(Get(rule, "tags"))) + " defined on the Mesh"});
        return;
      }
    }
  }
}

// Inbounds that are served as something simpler than what they are called.
std::vector<std::string> ProtocolRemarks(const Resource& dataplane) {
  std::vector<std::string> remarks;
  const Json& inbounds = GetPath(dataplane.spec, {"networking", "inbound"});
  for (size_t i = 0; inbounds.is_array() && i < inbounds.size(); ++i) {
    const std::string tag = GetString(Get(inbounds[i], "tags"), kProtocolTag);
    if (GetString(inbounds[i], "protocol", tag) != "tls") continue;
    remarks.push_back("networking.inbound[" + std::to_string(i) + "]: protocol tls is none that an inbound can have; it is served as tcp");
  }
  return remarks;
}

}  // namespace

std::string InboundSection(const Json& inbound) {
  const std::string name = GetString(inbound, "name");
  return name.empty() ? std::to_string(GetInt(inbound, "port")) : name;
}

std::string InboundProtocol(const Json& inbound) {
  const std::string own = GetString(inbound, "protocol");
  return own.empty() ? GetString(Get(inbound, "tags"), kProtocolTag) : own;
}

std::string_view InboundState(const Json& inbound) {
  const std::string state = GetString(inbound, "state");
  if (state == "Ignored") return "Ignored";
  if (state == "NotReady") return "NotReady";
  const Json& health = Get(inbound, "health");
  return !health.is_null() && !GetBool(health, "ready") ? "NotReady" : "Ready";
}

TypeDescriptor MakeDataplaneType() {
  TypeDescriptor type;
  type.name = "Dataplane";
  type.path = "dataplanes";
  type.short_name = "dp";
  type.singular_display = "Dataplane";
  type.plural_display = "Dataplanes";
  type.kumactl_arg = "dataplane";
  type.inlined_spec = true;
  type.is_proxy = true;
  type.kds.zone_to_global = true;
  type.schema = DataplaneSchema();
  type.validate = ValidateDataplane;
  type.warnings = ProtocolRemarks;
  type.prepare = PrepareDataplane;
  type.admit = AdmitDataplane;
  type.proxy_type = [](const Json& spec) -> std::string {
    return GetString(GetPath(spec, {"networking", "gateway"}), "type") == "BUILTIN" ? "gateway" : "sidecar";
  };
  return type;
}

}  // namespace kuma::resources
