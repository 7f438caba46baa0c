#include "pkg/resources/mesh/type.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

Schema PrometheusSchema() {
  return ProtoSchema(
      {Field::Int("port", "Port of the metrics endpoint.", FieldKind::kUint32), Field::String("path", "Path of the metrics endpoint."),
       StringMap("tags", "Tags of the metrics inbound."), Field::Bool("skipMTLS", "Serve metrics without mTLS.").KeepZero(),
       Field::List("aggregate",
                   Field::Object("",
                                 {Field::String("name", "Name."), Field::Int("port", "Port.", FieldKind::kUint32), Field::String("path", "Path."),
                                  Field::Bool("enabled", "Off switch.").KeepZero(), Field::String("address", "Address.")},
                                 ""),
                   "Applications whose metrics are added."),
       Field::Object("envoy", {Field::String("filterRegex", "Which metrics."), Field::Bool("usedOnly", "Only used ones.").KeepZero()}, "Envoy's own metrics."),
       Field::Object("tls",
                     {Field::Enum("mode", {"activeMTLSBackend", "providedTLS", "disabled"}, "Which certificate.")
                          .ProtoEnum("kuma.mesh.v1alpha1.PrometheusTlsConfig.Mode")},
                     "TLS of the endpoint.")});
}

Field Backends(Field backend) { return Field::List("backends", std::move(backend), "Available backends."); }

Field Backend(Fields extra, std::string doc) {
  Fields fields = {Field::String("name", "Name that others refer to."), Field::String("type", "Kind of backend.")};
  fields.insert(fields.end(), extra.begin(), extra.end());
  fields.push_back(ProtoStruct("conf", "Configuration of this kind of backend."));
  return Field::Object("", std::move(fields), std::move(doc));
}

Schema MeshSchema() {
  const Field rules = Field::List("", Field::Object("", {StringMap("tags", "Tags; \"*\" is any value.")}, ""), "");
  const auto named_rules = [&](std::string name, std::string doc) {
    Field field = rules;
    field.name = std::move(name);
    field.doc = std::move(doc);
    return field;
  };
  return ProtoSchema(
      {Field::Object(
           "mtls",
           {Field::String("enabledBackend", "Backend in use; empty: no mTLS."),
            Backends(Backend({Field::Object("dpCert",
                                            {Field::Object("rotation", {Field::String("expiration", "Lifetime: a number with unit y, w, d, h, m, s or ms.")},
                                                           "When certificates are renewed."),
                                             Field::ProtoDuration("requestTimeout", "Limit of one signing request.")},
                                            "Certificates of proxies."),
                              Field::Enum("mode", {"STRICT", "PERMISSIVE"}, "Whether plain text is accepted too.")
                                  .ProtoEnum("kuma.mesh.v1alpha1.CertificateAuthorityBackend.Mode"),
                              Field::Object("rootChain", {Field::ProtoDuration("requestTimeout", "Limit of one request.")}, "How the root is fetched.")},
                             "")),
            Field::Bool("skipValidation", "Do not check backends when the mesh is written.")},
           "Mutual TLS."),
       Field::Object("tracing", {Field::String("defaultBackend", ""), Backends(Backend({Field::Double("sampling", "Percentage.").KeepZero()}, ""))},
                     "Classic tracing backends."),
       Field::Object("logging", {Field::String("defaultBackend", ""), Backends(Backend({Field::String("format", "Format of a line.")}, ""))},
                     "Classic access log backends."),
       Field::Object("metrics", {Field::String("enabledBackend", ""), Backends(Backend({}, ""))}, "Classic metrics backends."),
       Field::Object("networking", {Field::Object("outbound", {Field::Bool("passthrough", "Allow traffic to unknown places.").KeepZero()}, "")},
                     "Outgoing traffic."),
       Field::Object("routing",
                     {Field::Bool("localityAwareLoadBalancing", "Prefer the own zone."), Field::Bool("zoneEgress", "Leave the zone through its egress."),
                      Field::Bool("defaultForbidMeshExternalServiceAccess", "Deny access to external services unless permitted.")},
                     "How traffic is routed."),
       Field::Object("constraints",
                     {Field::Object("dataplaneProxy",
                                    {named_rules("requirements", "One of these must match."), named_rules("restrictions", "None of these may match.")}, "")},
                     "Which proxies may join."),
       StringList("skipCreatingInitialPolicies", "Policies that are not created with the mesh; \"*\": none is."),
       Field::Object("meshServices",
                     {Field::Enum("mode", {"Disabled", "Everywhere", "ReachableBackends", "Exclusive"}, "Where MeshServices are used.")
                          .ProtoEnum("kuma.mesh.v1alpha1.Mesh.MeshServices.Mode")},
                     "Use of MeshService resources.")});
}

// <number><unit> with unit y, w, d, h, m, s or ms, as long as nanoseconds can tell; or 0.
bool IsCalendarDuration(std::string_view text) {
  if (text == "0") return true;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseInt(text.substr(0, digits));
  if (digits == 0 || !number) return false;
  using namespace std::chrono_literals;
  static const std::map<std::string, std::chrono::milliseconds, std::less<>> kUnits = {
      {"y", 24h * 365}, {"w", 24h * 7}, {"d", 24h}, {"h", 1h}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}};
  const auto unit = kUnits.find(text.substr(digits));
  return unit != kUnits.end() && *number <= Nanos::max() / unit->second;
}

void CheckNames(Checker& checker, const Path& path, const Json& backends, std::set<std::string>& used,
                const std::function<void(const Path&, const Json&)>& each) {
  for (size_t i = 0; i < backends.size(); ++i) {
    const Path at = path.Field("backends").Index(i);
    const std::string name = GetString(backends[i], "name");
    each(at, backends[i]);
    if (!used.insert(name).second) checker.Add(at.Field("name"), "\"" + name + "\" name is already used for another backend");
  }
}

void CheckMtls(Checker& checker, const Json& mtls) {
  if (mtls.is_null()) return;
  const Path path("mtls");
  const Json& backends = Get(mtls, "backends");
  if (backends.size() > 1) checker.Add(path.Field("backends"), "cannot have more than 1 backends");
  std::set<std::string> used;
  for (size_t i = 0; i < backends.size(); ++i) {
    const std::string name = GetString(backends[i], "name");
    if (!used.insert(name).second) {
      checker.Add(path.Field("backends").Index(i).Field("name"), "\"" + name + "\" name is already used for another backend");
    }
    if (const Json& cert = Get(backends[i], "dpCert"); !cert.is_null() && !IsCalendarDuration(GetString(Get(cert, "rotation"), "expiration"))) {
      checker.Add(path.Field("dpcert.rotation.expiration"), "has to be a valid format");
    }
  }
  const std::string enabled = GetString(mtls, "enabledBackend");
  if (!enabled.empty() && !used.contains(enabled)) checker.Add(path.Field("enabledBackend"), "has to be set to one of the backends in the mesh");
}

// The conf by its own schema, or a violation.
bool Typed(Checker& checker, const Path& path, const Json& conf, const Schema& schema, Json& out) {
  DecodeResult decoded = Decode(schema, conf, "");
  if (!decoded.fatal.empty()) {
    checker.Add(path, "could not parse config: " + decoded.fatal);
    return false;
  }
  out = std::move(decoded.value);
  return true;
}

void CheckLoggingBackend(Checker& checker, const Path& path, const Json& backend) {
  if (GetString(backend, "name").empty()) checker.Add(path.Field("name"), "cannot be empty");
  const std::string type = GetString(backend, "type");
  const Path config = path.Field("config");
  Json conf;
  if (type == "file") {
    if (Typed(checker, config, Get(backend, "conf"), ProtoSchema({Field::String("path", "")}), conf) && GetString(conf, "path").empty()) {
      checker.Add(config.Field("path"), "cannot be empty");
    }
  } else if (type == "tcp") {
    if (!Typed(checker, config, Get(backend, "conf"), ProtoSchema({Field::String("address", "")}), conf)) return;
    const std::string address = GetString(conf, "address");
    const auto parts = SplitHostPort(address);
    if (address.empty()) {
      checker.Add(config.Field("address"), "cannot be empty");
    } else if (!parts || parts->host.empty() || parts->port.empty()) {
      checker.Add(config.Field("address"), "has to be in format of HOST:PORT");
    }
  } else {
    checker.Add(path.Field("type"), "unknown backend type. Available backends: \"tcp\", \"file\"");
  }
}

void CheckTracingBackend(Checker& checker, const Path& path, const Json& backend) {
  if (GetString(backend, "name").empty()) checker.Add(path.Field("name"), "cannot be empty");
  const Json& sampling = Get(backend, "sampling");
  if (sampling.is_number() && (sampling.get<double>() < 0 || sampling.get<double>() > 100)) {
    checker.Add(path.Field("sampling"), "has to be in [0.0 - 100.0] range");
  }
  const std::string type = GetString(backend, "type");
  const Path config = path.Field("config");
  Json conf;
  if (type == "zipkin") {
    if (!Typed(checker, config, Get(backend, "conf"),
               ProtoSchema({Field::String("url", ""), Field::Bool("traceId128bit", ""), Field::String("apiVersion", ""),
                            Field::Bool("sharedSpanContext", "").KeepZero()}),
               conf)) {
      return;
    }
    const std::string version = GetString(conf, "apiVersion");
    if (!version.empty() && version != "httpJsonV1" && version != "httpJson" && version != "httpProto") {
      checker.Add(config.Field("apiVersion"), "has invalid value. " + AllowedValuesHint({"httpJsonV1", "httpJson", "httpProto"}));
    }
    const std::string url = GetString(conf, "url");
    if (url.empty()) {
      checker.Add(config.Field("url"), "cannot be empty");
    } else if (const auto uri = ParseRequestUri(url); !uri) {
      checker.Add(config.Field("url"), "invalid URL");
    } else if (uri->port.empty()) {
      checker.Add(config.Field("url"), "port has to be explicitly specified");
    }
  } else if (type == "datadog") {
    if (!Typed(checker, config, Get(backend, "conf"),
               ProtoSchema({Field::String("address", ""), Field::Int("port", "", FieldKind::kUint32), Field::Bool("splitService", "")}), conf)) {
      return;
    }
    if (GetString(conf, "address").empty()) checker.Add(config.Field("address"), "cannot be empty");
    CheckProtoPort(checker, config.Field("port"), GetInt(conf, "port"));
  } else {
    checker.Add(path.Field("type"), "unknown backend type. Available backends: \"zipkin\", \"datadog\"");
  }
}

void CheckDefaultBackend(Checker& checker, const Path& path, const Json& section, const char* field, const std::set<std::string>& used, std::string text) {
  const std::string wanted = GetString(section, field);
  if (!wanted.empty() && !used.contains(wanted)) checker.Add(path.Field(field), std::move(text));
}

void CheckConstraints(Checker& checker, const Json& constraints) {
  for (const char* list : {"requirements", "restrictions"}) {
    const Json& rules = GetPath(constraints, {"dataplaneProxy", list});
    for (size_t i = 0; i < rules.size(); ++i) {
      CheckTags(checker, Path("constraints.dataplaneProxy").Field(list).Index(i).Field("tags"), Get(rules[i], "tags"),
                {.selector = true, .require_one = true});
    }
  }
}

void ValidateMesh(const Resource& mesh, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckMtls(checker, Get(mesh.spec, "mtls"));
  {
    std::set<std::string> used;
    const Json& section = Get(mesh.spec, "logging");
    CheckNames(checker, Path("logging"), Get(section, "backends"), used, [&](const Path& at, const Json& b) { CheckLoggingBackend(checker, at, b); });
    CheckDefaultBackend(checker, Path("logging"), section, "defaultBackend", used, "has to be set to one of the logging backend in mesh");
  }
  {
    std::set<std::string> used;
    const Json& section = Get(mesh.spec, "tracing");
    CheckNames(checker, Path("tracing"), Get(section, "backends"), used, [&](const Path& at, const Json& b) { CheckTracingBackend(checker, at, b); });
    CheckDefaultBackend(checker, Path("tracing"), section, "defaultBackend", used, "has to be set to one of the tracing backend in mesh");
  }
  {
    std::set<std::string> used;
    const Json& section = Get(mesh.spec, "metrics");
    CheckNames(checker, Path("metrics"), Get(section, "backends"), used, [&](const Path& at, const Json& backend) {
      if (GetString(backend, "type") != "prometheus") {
        checker.Add(at.Field("type"), "unknown backend type. Available backends: \"prometheus\"");
      } else {
        CheckPrometheusConf(violations, at.Field("conf").text(), Get(backend, "conf"));
      }
    });
    CheckDefaultBackend(checker, Path("metrics"), section, "enabledBackend", used, "has to be set to one of the backends in the mesh");
  }
  CheckConstraints(checker, Get(mesh.spec, "constraints"));
  if (GetBool(Get(mesh.spec, "routing"), "zoneEgress") && GetString(Get(mesh.spec, "mtls"), "enabledBackend").empty()) {
    checker.Add(Path("mtls"), "has to be set when zoneEgress enabled");
  }
}

// The metrics backend is stored with its defaults written out.
void NormalizeMesh(Json& spec) {
  if (!GetPath(spec, {"metrics", "backends"}).is_array()) return;
  for (Json& backend : spec["metrics"]["backends"]) {
    if (GetString(backend, "type") != "prometheus") continue;
    DecodeResult decoded = Decode(PrometheusSchema(), Get(backend, "conf"), "");
    if (!decoded.fatal.empty()) continue;
    Json conf = std::move(decoded.value);
    if (!conf.contains("tls")) {
      Json tls = Json::object();
      if (GetBool(conf, "skipMTLS")) tls["mode"] = "disabled";
      conf["tls"] = std::move(tls);  // the zero value, activeMTLSBackend, is not written
    }
    if (!conf.contains("port")) conf["port"] = 5670;
    if (!conf.contains("path")) conf["path"] = "/metrics";
    if (!conf.contains("tags")) conf["tags"] = {{"kuma.io/service", "dataplane-metrics"}};
    backend["conf"] = std::move(conf);
  }
}

const Schema& BuiltinSchema() {
  static const Schema kSchema = ProtoSchema(
      {Field::Object("caCert", {Field::Int("RSAbits", "Bits of the key.", FieldKind::kUint32), Field::String("expiration", "Lifetime.")}, "The root.")});
  return kSchema;
}

const Schema& ProvidedSchema() {
  static const Schema kSchema = ProtoSchema({ProtoDataSource("cert", "Certificate of the authority."), ProtoDataSource("key", "Its key.")});
  return kSchema;
}

// Of several members the last of this order counts.
void CheckSource(Checker& checker, const Path& path, const Json& source) {
  if (source.is_null()) {
    checker.Add(path, "has to be defined");
    return;
  }
  for (const char* member : {"inlineString", "inline", "file", "secret"}) {
    const Json& value = Get(source, member);
    if (value.is_null()) continue;
    if (value == "" && member != std::string_view("inlineString")) checker.Add(path.Field(member), "cannot be empty");
    return;
  }
  checker.Add(path, "data source has to be chosen. Available sources: secret, file, inline");
}

// What no authority could be made from; keys of other sizes are refused by those who make them, or take hours.
void CheckRoot(Checker& checker, const Path& path, const Json& cert) {
  constexpr int64_t kLeastBits = 1024;
  constexpr int64_t kMostBits = 16384;
  const int64_t bits = GetInt(cert, "RSAbits");
  if (bits != 0 && (bits < kLeastBits || bits > kMostBits)) {
    checker.Add(path.Field("RSAbits"), MustBeInRange(std::to_string(kLeastBits), std::to_string(kMostBits)));
  }
  const std::string expiration = GetString(cert, "expiration");
  if (!expiration.empty() && !IsCalendarDuration(expiration)) checker.Add(path.Field("expiration"), "has to be a valid format");
}

void AdmitMesh(const Resource& mesh, const WriteContext& context, std::vector<Violation>& violations) {
  Checker checker(violations);
  if (context.old == nullptr && mesh.meta.name().size() > 63) checker.Add(Path("name"), "cannot be longer than 63 characters");
  const Json& mtls = Get(mesh.spec, "mtls");
  if (context.old != nullptr) {
    const std::string before = GetString(Get(context.old->spec, "mtls"), "enabledBackend");
    const std::string after = GetString(mtls, "enabledBackend");
    if (!before.empty() && !after.empty() && before != after) {
      checker.Add(Path("mtls.enabledBackend"), "Changing CA when mTLS is enabled is forbidden. Disable mTLS first and then change the CA");
    }
  }
  const Json& backends = Get(mtls, "backends");
  for (size_t i = 0; i < backends.size(); ++i) {
    const Path path = Path("mtls.backends").Index(i);
    const std::string type = GetString(backends[i], "type");
    if (type != "builtin" && type != "provided") {
      checker.Add(path.Field("type"), "could not find installed plugin for this type");
      return;
    }
    if (GetBool(mtls, "skipValidation")) continue;
    if (type == "builtin") {
      const std::string secret = mesh.meta.name() + ".ca-builtin-cert-" + GetString(backends[i], "name");
      const Path name = path.Field("conf").Field("mtls.backends.name");
      if (secret.size() > 255) checker.Add(name, "Backend name is too long. Max length: 255");
      const DecodeResult conf = Decode(BuiltinSchema(), Get(backends[i], "conf"), "");
      if (!conf.fatal.empty()) checker.Add(path.Field("conf"), "could not convert backend config: " + conf.fatal);
      CheckRoot(checker, path.Field("conf").Field("caCert"), Get(conf.value, "caCert"));
      if (!IsDnsName(secret) || secret != ToLower(secret)) checker.Add(name, "\"" + GetString(backends[i], "name") + "\" name must be valid dns name");
    } else {
      const DecodeResult conf = Decode(ProvidedSchema(), Get(backends[i], "conf"), "");
      if (!conf.fatal.empty()) {
        checker.Add(path.Field("conf"), "could not convert backend config: " + conf.fatal);
        continue;
      }
      for (const char* part : {"cert", "key"}) CheckSource(checker, path.Field("conf").Field(part), Get(conf.value, part));
    }
  }
}

void AdmitMeshDelete(const Resource& mesh, const WriteContext& context, std::vector<Violation>& violations) {
  if (context.list && !context.list("Dataplane", mesh.meta.name()).empty()) {
    violations.push_back({"mesh", "unable to delete mesh, there are still some dataplanes attached"});
  }
}

}  // namespace

void CheckPrometheusConf(std::vector<Violation>& violations, const std::string& path_text, const Json& raw) {
  Checker checker(violations);
  const Path path(path_text);
  Json conf;
  if (!Typed(checker, path, raw, PrometheusSchema(), conf)) return;
  const Json& skip = Get(conf, "skipMTLS");
  const Json& tls = Get(conf, "tls");
  if (!skip.is_null() && !tls.is_null()) {
    const std::string wanted = skip.get<bool>() ? "disabled" : "activeMTLSBackend";
    if (GetString(tls, "mode", "activeMTLSBackend") != wanted) {
      checker.Add(path, "skipMTLS and tls configuration cannot be defined together");
      return;
    }
  }
  if (const std::string fault = RegexFault(GetString(Get(conf, "envoy"), "filterRegex")); !fault.empty()) {
    checker.Add(path.Field("envoy").Field("filterRegex"), "provided regexp isn't correct: " + fault);
    return;
  }
  std::set<std::string> names;
  const Json& aggregate = Get(conf, "aggregate");
  for (size_t i = 0; i < aggregate.size(); ++i) {
    const std::string name = GetString(aggregate[i], "name");
    if (!names.insert(name).second) {
      checker.Add(path.Field("aggregate").Index(i).Field("name"), "duplicate entry: " + name + ", values have to be unique");
    }
  }
}

TypeDescriptor MakeMeshType() {
  TypeDescriptor type;
  type.name = "Mesh";
  type.path = "meshes";
  type.short_name = "m";
  type.singular_display = "Mesh";
  type.plural_display = "Meshes";
  type.kumactl_arg = "mesh";
  type.scope = Scope::kGlobal;
  type.inlined_spec = true;
  type.kds.global_to_zone = true;
  type.schema = MeshSchema();
  type.validate = ValidateMesh;
  type.normalize = NormalizeMesh;
  type.admit = AdmitMesh;
  type.admit_delete = AdmitMeshDelete;
  type.warnings = [](const Resource& mesh) {
    std::vector<std::string> remarks;
    if (std::string remark = Rfc1035Remark("Mesh", DisplayName(mesh.meta)); !remark.empty()) remarks.push_back(std::move(remark));
    return remarks;
  };
  return type;
}

}  // namespace kuma::resources
