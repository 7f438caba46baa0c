#include "pkg/api/resource_body.h"

#include "pkg/api/error.h"
#include "pkg/api/k8s_format.h"
#include "pkg/base/strings.h"
#include "pkg/model/document.h"

namespace kuma::api {
namespace {

// JSON gets the stricter parser, whose messages fit it better.
Result<Json> ParseBody(std::string_view body) {
  const std::string_view text = Trim(body);
  if (text.empty()) return Invalid("unexpected end of JSON input");
  if (text.front() == '{' || text.front() == '[') return ParseJson(text);
  return ParseYaml(body);
}

}  // namespace

Result<IncomingResource> ReadResource(const ApiRequest& request, const TypeDescriptor& type) {
  Result<Json> document = ParseBody(request.http.body);
  if (!document.ok()) return Invalid("invalid " + type.name + " object: " + QuoteGo(document.error().ToString()));
  return ReadResource(document.value(), type, request.Query("fieldValidation"));
}

Result<IncomingResource> ReadResource(const Json& document, const TypeDescriptor& type, const std::string& mode) {
  std::vector<Violation> unknown;
  KUMA_TRY_ASSIGN(Resource resource, FromDocument(document, type, &unknown));
  resource.status = nullptr;  // only the control plane writes it
  IncomingResource incoming{std::move(resource), {}};
  if (mode == "Strict" && !unknown.empty()) return ViolationsError(std::move(unknown));
  if (mode == "Warn") {
    for (const Violation& violation : unknown) incoming.warnings.push_back(violation.field + ": " + violation.message);
  }
  return incoming;
}

Answer FormattedResource(const Resource& resource, const TypeDescriptor& type, const ApiRequest& request, const std::string& ns, const TypeRegistry& types,
                         const ApiOptions& options, const std::string& title) {
  const std::string format = request.Query("format");
  if (format.empty() || format == "universal") return Answer::Document(ToDocument(resource, types));
  if (format == "k8s" || format == "kubernetes") return Answer::Document(KubernetesObject(resource, type, ns, options.system_namespace));
  return Fail(ViolationsError({{"", R"("format" must be one of ["k8s", "kubernetes", "universal"])"}}), title);
}

}  // namespace kuma::api
