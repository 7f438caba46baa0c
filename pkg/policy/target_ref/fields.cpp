#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

using resources::StringMap;

Fields TargetRefMembers() {
  return {
      Field::Enum("kind",
                  {"Mesh", "MeshSubset", "MeshGateway", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshServiceSubset",
                   "MeshHTTPRoute", "Dataplane"},
                  "What is selected.")
          .Required(),
      Field::String("name", "Name of the selected resource."),
      StringMap("tags", "Tags of the selected proxies; only of MeshSubset, MeshServiceSubset and MeshGateway."),
      Field::String("mesh", "Reserved for references to other meshes."),
      Field::List("proxyTypes", Field::Enum("", {"Sidecar", "Gateway"}, ""), "Kinds of proxies that are selected; all when absent."),
      Field::String("namespace", "Namespace of the selected resource; the policy's own when absent."),
      StringMap("labels", "Selects every resource that has these labels; excludes name and namespace."),
      Field::String("sectionName", "A part of the selected resource: the name of a port or of an inbound."),
  };
}

Fields EntryMembers(std::string target_doc, Fields conf, bool required_default) {
  Field value = Field::Object("default", std::move(conf), "What applies to the traffic that this entry selects.");
  if (required_default) value.Required();
  return {TargetRefField("targetRef", std::move(target_doc)).Required(), std::move(value)};
}

Field HeaderValues(std::string name, std::string doc) {
  Fields members = {HeaderName("Name of the header.").Required(), Field::String("value", "Value of the header.").Required()};
  return Field::List(std::move(name), Field::Object("", std::move(members), ""), std::move(doc)).MaxItems(16).MapKeys({"name"});
}

}  // namespace

Field TargetRefField(std::string name, std::string doc) { return Field::Object(std::move(name), TargetRefMembers(), std::move(doc)); }

Fields BackendRefMembers() {
  Fields members = TargetRefMembers();
  members.push_back(Field::Int("weight", "Share of the traffic, in relation to the other backends.", FieldKind::kUint64).Min(0).Default(1));
  members.push_back(Uint("port", "Port of the destination; makes a MeshService a reference to the resource of that name."));
  return members;
}

Field BackendRefList(std::string name, std::string doc) {
  return Field::List(std::move(name), Field::Object("", BackendRefMembers(), ""), std::move(doc));
}

Field TopTargetRef() { return TargetRefField("targetRef", "Proxies that the policy applies to; the whole mesh when absent."); }

Field ToList(Fields conf, bool required_default) {
  return Field::List("to", Field::Object("", EntryMembers("Destinations of the traffic.", std::move(conf), required_default), ""),
                     "Configuration of outgoing traffic, by destination.");
}

Field FromList(Fields conf, bool required_default) {
  return Field::List("from", Field::Object("", EntryMembers("Clients that the traffic comes from.", std::move(conf), required_default), ""),
                     "Configuration of incoming traffic, by client. Prefer `rules`.");
}

Field RuleList(Fields conf, bool with_matches, bool required_default) {
  Fields members;
  if (with_matches) members.push_back(MatchList("matches", "Traffic that the rule applies to; all incoming traffic when absent."));
  Field value = Field::Object("default", std::move(conf), "What applies to the traffic that the rule selects.");
  if (required_default) value.Required();
  members.push_back(std::move(value));
  return Field::List("rules", Field::Object("", std::move(members), ""), "Configuration of incoming traffic.");
}

Field MatchList(std::string name, std::string doc) {
  Fields spiffe_id = {
      Field::Enum("type", {"Exact", "Prefix"}, "Whether the whole identity or its beginning is compared.").Required(),
      Field::String("value", "SPIFFE identity of the client.").Required(),
  };
  Fields sni = {
      Field::Enum("type", {"Exact"}, "How the name is compared.").Required(),
      Field::String("value", "Server name of the TLS connection.").Required(),
  };
  Fields match = {
      Field::Object("spiffeID", std::move(spiffe_id), "Identity of the client."),
      Field::Object("sni", std::move(sni), "Server name that the client asks for."),
  };
  return Field::List(std::move(name), Field::Object("", std::move(match), ""), std::move(doc));
}

Field HeaderName(std::string doc) {
  return WithPattern(Field::String("name", std::move(doc)).MinLength(1).MaxLength(256), R"(^[a-z0-9!#$%&'*+\-.^_\x60|~]+$)");
}

Field HeaderMatchList(std::string name, std::string doc) {
  Fields members = {
      Field::Enum("type", {"Exact", "Present", "RegularExpression", "Absent", "Prefix"}, "How the value is compared.").Default("Exact"),
      HeaderName("Name of the header, in lower case.").Required(),
      Field::String("value", "Value to compare with."),
  };
  return Field::List(std::move(name), Field::Object("", std::move(members), ""), std::move(doc));
}

Field HeaderModifierField(std::string name, bool with_remove, std::string doc) {
  Fields members = {HeaderValues("set", "Headers that replace those of the same name."), HeaderValues("add", "Headers that are appended.")};
  if (with_remove) members.push_back(Field::List("remove", Field::String("", ""), "Names of headers that are taken out.").MaxItems(16));
  return Field::Object(std::move(name), std::move(members), std::move(doc));
}

Field OtelBackendRef() {
  Fields members = {
      Field::Enum("kind", {"MeshOpenTelemetryBackend"}, "Type of the resource.").Required(),
      StringMap("labels", "Labels of the resource; of several the oldest is taken."),
  };
  return Field::Object("backendRef", std::move(members), "A MeshOpenTelemetryBackend of the same mesh.");
}

Field OtelEndpoint() {
  return Field::String("endpoint", "Address of the collector, host:port. Prefer backendRef.").Default("").Deprecated();
}

Field Uint(std::string name, std::string doc) { return Field::Int(std::move(name), std::move(doc), FieldKind::kUint32); }

}  // namespace kuma::policy
