#include "pkg/resources/hostname_generator/type.h"

#include "pkg/base/strings.h"
#include "pkg/model/names.h"
#include "pkg/resources/common_fields.h"
#include "pkg/resources/text_template.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

void ValidateGenerator(const Resource& generator, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path path("spec");
  if (Get(generator.spec, "selector").size() != 1) {
    checker.Add(path.Field("selector"), "exact one selector (meshService, meshExternalService) must be defined");
  }
  const Path at = path.Field("template");
  const std::string text = GetString(generator.spec, "template");
  if (text.empty()) {
    checker.Add(at, std::string(kMustNotBeEmpty));
  } else if (const Result<TextTemplate> parsed = TextTemplate::Parse(text); !parsed.ok()) {
    checker.Add(at, "couldn't parse template: " + parsed.error().message);
  } else {
    const Result<std::string> rendered = parsed.value().Render(
        {{"Name", "name"}, {"DisplayName", "displayname"}, {"Namespace", "namespace"}, {"Mesh", "mesh"}, {"Zone", "zone"}},
        [](const std::string&) -> Result<std::string> { return std::string("label"); });
    if (!rendered.ok()) {
      checker.Add(at, "couldn't render template with stub values: " + rendered.error().message);
    } else if (const std::vector<std::string> errors = CheckDns1123Subdomain(rendered.value()); !errors.empty()) {
      checker.Add(at, "template renders to " + QuoteGo(rendered.value()) + " which is not a valid DNS name: " + Join(errors, ", "));
    }
  }
  if (const Json& extension = Get(generator.spec, "extension"); !extension.is_null() && GetString(extension, "type").empty()) {
    checker.Add(path.Field("extension").Field("type"), std::string(kMustNotBeEmpty));
  }
}

}  // namespace

TypeDescriptor MakeHostnameGeneratorType() {
  TypeDescriptor type;
  type.name = "HostnameGenerator";
  type.path = "hostnamegenerators";
  type.short_name = "hg";
  type.singular_display = "Hostname Generator";
  type.plural_display = "Hostname Generators";
  type.kumactl_arg = "hostnamegenerator";
  type.scope = Scope::kGlobal;
  type.system_namespace_only = true;
  type.kds.global_to_zone = true;
  type.kds.zone_to_global = true;
  type.schema = Schema{{Field::Object("selector",
                                      {LabelSelector("meshService", "MeshServices by label."), LabelSelector("meshExternalService", "MeshExternalServices by label."),
                                       LabelSelector("meshMultiZoneService", "MeshMultiZoneServices by label.")},
                                      "Which destinations get a name; exactly one kind."),
                        Field::String("template", "The name, with {{ .DisplayName }}, {{ .Namespace }}, {{ .Mesh }}, {{ .Zone }} and {{ label \"key\" }}.")
                            .Required(),
                        Extension("extension", "type")}};
  type.normalize = [](Json& spec) {
    if (!spec.contains("selector")) spec["selector"] = Json::object();
  };
  type.validate = ValidateGenerator;
  return type;
}

}  // namespace kuma::resources
