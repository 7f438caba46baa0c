#include "pkg/dp/proxy_resource.h"

#include <algorithm>
#include <iterator>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/dp/template.h"

namespace kuma::dp {
namespace {

std::string_view TypeFor(const std::string& proxy_type) {
  if (proxy_type == "ingress") return "ZoneIngress";
  if (proxy_type == "egress") return "ZoneEgress";
  return "Dataplane";
}

bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

Error WithMissingVariables(const std::vector<std::string>& missing, const Error& error) {
  if (missing.empty()) return error;
  Error more = error;
  more.message +=
      " (the template's {{ " + Join(missing, " }}, {{ ") + " }} had no value: give it with --dataplane-var " + missing.front() + "=VALUE)";
  return more;
}

Result<ProxyResource> ReadResource(const Settings& settings, const std::string& rendered, const std::string& source) {
  auto document = ParseYaml(rendered);
  if (!document.ok()) return Invalid("is not one YAML or JSON document: " + document.error().ToString(), source);
  if (!document->is_object()) return Invalid("is no resource: it must be a map with type, mesh, name and networking", source);

  ProxyResource resource{std::move(document).value(), {}, {}, {}};
  const std::string type = GetString(resource.document, "type");
  const std::string expected(TypeFor(settings.proxy_type));
  if (type.empty()) return Invalid("has no type; expected \"type: " + expected + "\"", source);
  if (type != expected) {
    return Invalid("invalid proxy resource type \"" + type + "\", expected " + expected + " (--proxy-type " + settings.proxy_type + ")",
                   source);
  }
  resource.name = GetString(resource.document, "name");
  resource.mesh = GetString(resource.document, "mesh");
  if (resource.name.empty()) return Invalid("name: cannot be empty", source);
  if (!IsName(resource.name)) {
    return Invalid("name: invalid characters in \"" + resource.name + "\": only lower case letters, numbers, '-', '_' and '.' are allowed",
                   source);
  }
  if (expected == "Dataplane" && resource.mesh.empty()) {
    resource.mesh = "default";
    resource.document["mesh"] = "default";
  }
  return resource;
}

}  // namespace

Result<std::optional<ProxyResource>> LoadProxyResource(const Settings& settings, std::istream& standard_input) {
  std::string text = settings.resource_text;
  std::string source = "--dataplane";
  if (settings.resource_path == "-") {
    source = "standard input";
    text.assign(std::istreambuf_iterator<char>(standard_input), std::istreambuf_iterator<char>());
  } else if (!settings.resource_path.empty()) {
    source = settings.resource_path;
    auto file = ReadFile(settings.resource_path, 8u << 20);
    if (!file.ok()) return MakeError(file.error().code, "cannot read the Dataplane: " + file.error().ToString());
    text = std::move(file).value();
  }
  if (Trim(text).empty()) {
    if (!settings.resource_path.empty()) return Invalid("the file of --dataplane-file is empty", source);
    return std::optional<ProxyResource>();
  }

  auto rendered = RenderTemplate(text, settings.resource_vars);
  if (!rendered.ok()) return Invalid(rendered.error().message, source);
  auto resource = ReadResource(settings, rendered->text, source);
  if (!resource.ok()) return WithMissingVariables(rendered->missing, resource.error());
  resource->missing_variables = std::move(rendered->missing);
  return std::optional<ProxyResource>(std::move(resource).value());
}

Status TakeIdentity(const ProxyResource& resource, Settings& settings) {
  if (!settings.name.empty() || !settings.mesh.empty()) {
    return Invalid(
        "--name and --mesh cannot be specified when a dataplane definition is provided, mesh and name will be read from the dataplane "
        "definition");
  }
  settings.name = resource.name;
  settings.mesh = resource.mesh;
  return Ok();
}

}  // namespace kuma::dp
