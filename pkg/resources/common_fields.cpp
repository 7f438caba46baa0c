#include "pkg/resources/common_fields.h"

#include <re2/re2.h>

namespace kuma::resources {

Field WithPattern(Field field, const std::string& pattern) {
  const auto expression = std::make_shared<const re2::RE2>(pattern);
  field.pattern = pattern;
  field.matches_pattern = [expression](std::string_view text) { return re2::RE2::PartialMatch({text.data(), text.size()}, *expression); };
  return field;
}

Field StringMap(std::string name, std::string doc) { return Field::Map(std::move(name), Field::String("", ""), std::move(doc)); }
Field StringList(std::string name, std::string doc) { return Field::List(std::move(name), Field::String("", ""), std::move(doc)); }

Field LabelSelector(std::string name, std::string doc) {
  return Field::Object(std::move(name), {StringMap("matchLabels", "Labels that must all be present with these values.")}, std::move(doc));
}

Field Extension(std::string name, std::string type_field) {
  return Field::Object(std::move(name),
                       {Field::String(std::move(type_field), "Which extension.").Required(), Field::Any("config", "Its own configuration.")},
                       "Configuration of an extension.");
}

Field DataSource(std::string name, std::string doc) {
  return Field::Object(std::move(name),
                       {Field::String("secret", "Name of a Secret."), Field::Bytes("inline", "Bytes in base64."),
                        Field::String("inlineString", "The text itself.")},
                       std::move(doc));
}

Field SecureDataSource(std::string name, std::string doc) {
  return Field::Object(
      std::move(name),
      {Field::Enum("type", {"File", "Secret", "EnvVar", "InsecureInline"}, "Where the data is.").Required(),
       Field::Object("file", {Field::String("path", "Absolute path on the control plane's machine.").Required()}, "A file."),
       Field::Object("secretRef", {Field::Enum("kind", {"Secret"}, "Kind of the resource.").Required(), Field::String("name", "Its name.").Required()},
                     "A Secret of the mesh."),
       Field::Object("envVar", {Field::String("name", "Name of the variable.").Required()}, "An environment variable of the control plane."),
       Field::Object("insecureInline", {Field::String("value", "The data.").Required()}, "Data in the resource itself; for tests.")},
      std::move(doc));
}

Field ProtoDataSource(std::string name, std::string doc) {
  return Field::Object(std::move(name),
                       {Field::String("secret", "Name of a Secret.").KeepZero(), Field::String("file", "Path of a file.").KeepZero(),
                        Field::Bytes("inline", "Bytes in base64.").KeepZero(), Field::String("inlineString", "The text itself.").KeepZero()},
                       std::move(doc));
}

Field TlsVersions(std::string name) {
  const std::vector<std::string> versions = {"TLSAuto", "TLS10", "TLS11", "TLS12", "TLS13"};
  return Field::Object(std::move(name),
                       {Field::Enum("min", versions, "Lowest version.").Default("TLSAuto"), Field::Enum("max", versions, "Highest version.").Default("TLSAuto")},
                       "Bounds of the TLS version.");
}

// The limits are those of conditions in Kubernetes.
Field Conditions(std::string name) {
  return Field::List(
      std::move(name),
      Field::Object("",
                    {WithPattern(Field::String("type", "What the condition is about.").MaxLength(316).Required(),
                            R"(^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$)"),
                     Field::Enum("status", {"True", "False", "Unknown"}, "Whether it holds.").Required(),
                     WithPattern(Field::String("reason", "Why, for programs.").MinLength(1).MaxLength(1024).Required(), "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"),
                     Field::String("message", "Why, for people.").MaxLength(32768).Required()},
                    ""),
      "What is known about the resource.");
}

Field ConditionsByType(std::string name) { return Conditions(std::move(name)).MapKeys({"type"}); }

namespace {
Field GeneratorRef() {
  return Field::Object("hostnameGeneratorRef", {Field::String("coreName", "Name of the HostnameGenerator.").Required()}, "Which generator.");
}
}  // namespace

Field Addresses() {
  return Field::List("addresses",
                     Field::Object("", {Field::String("hostname", "The name."), Field::String("origin", "Who made it."), GeneratorRef()}, ""),
                     "Generated host names.");
}

Field HostnameGenerators() {
  Field reference = GeneratorRef();
  reference.required = true;
  return Field::List("hostnameGenerators", Field::Object("", {std::move(reference), ConditionsByType("conditions")}, ""),
                     "What each generator did for this resource.");
}

Field DataplaneProxies(bool complete) {
  Fields counts = {Field::Int("connected", "Proxies with an open stream."), Field::Int("healthy", "Proxies whose selected inbounds are all healthy."),
                   Field::Int("total", "All selected proxies.")};
  for (Field& count : counts) count.required = complete;
  return Field::Object("dataplaneProxies", std::move(counts), "Counts of the selected proxies.");
}

Field ProtoStruct(std::string name, std::string doc) { return Field::Object(std::move(name), {}, std::move(doc)).PreserveUnknown(); }

Field Subscriptions() {
  const auto stats = [](std::string name) {
    return Field::Object(std::move(name),
                         {Field::Int("responsesSent", "", FieldKind::kUint64), Field::Int("responsesAcknowledged", "", FieldKind::kUint64),
                          Field::Int("responsesRejected", "", FieldKind::kUint64)},
                         "Counts of responses.");
  };
  return Field::List(
      "subscriptions",
      Field::Object("",
                    {Field::String("id", "Id of the stream."), Field::String("controlPlaneInstanceId", "Which instance served it."),
                     Field::String("connectTime", "When it began."), Field::String("disconnectTime", "When it ended."),
                     Field::Object("status",
                                   {Field::String("lastUpdateTime", ""), stats("total"), stats("cds"), stats("eds"), stats("lds"), stats("rds")},
                                   "What was sent."),
                     Field::Object("version",
                                   {Field::Object("kumaDp",
                                                  {Field::String("version", ""), Field::String("gitTag", ""), Field::String("gitCommit", ""),
                                                   Field::String("buildDate", ""), Field::Bool("kumaCpCompatible", "")},
                                                  "Version of kuma-dp."),
                                    Field::Object("envoy", {Field::String("version", ""), Field::String("build", ""), Field::Bool("kumaDpCompatible", "")},
                                                  "Version of Envoy."),
                                    StringMap("dependencies", "Versions of further programs.")},
                                   "Versions the proxy reported."),
                     Field::Int("generation", "Grows with every write of the subscription.", FieldKind::kUint32)},
                    ""),
      "Streams of the proxy, newest last.");
}

Schema ProtoSchema(Fields fields) { return Schema{std::move(fields), true}; }

}  // namespace kuma::resources
