#include "pkg/policy/mesh_http_route/spec.h"

#include <algorithm>

#include "pkg/policy/mesh_http_route/faults.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Field Hostname(std::string doc) {
  return WithPattern(Field::String("hostname", std::move(doc)).MinLength(1).MaxLength(253),
                     R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)");
}

Field PathRewrite(std::string doc) {
  Fields members = {
      Field::Enum("type", {"ReplaceFullPath", "ReplacePrefixMatch"}, "Which part of the path changes.").Required(),
      Field::String("replaceFullPath", "New path."),
      Field::String("replacePrefixMatch", "What stands in place of the prefix that matched."),
  };
  return Field::Object("path", std::move(members), std::move(doc));
}

Field Filters() {
  Field status = Field::Int("statusCode", "Status of the redirect: 301, 302, 303, 307 or 308.", FieldKind::kUint64).Default(302);
  status.allowed_numbers = {301, 302, 303, 307, 308};
  Fields redirect = {
      Field::Enum("scheme", {"http", "https"}, "Scheme to redirect to."),
      Hostname("Host to redirect to."),
      PathRewrite("How the path of the new location is made; the request's own when absent."),
      Field::Int("port", "Port to redirect to; that of the request when absent.").Min(1).Max(65535),
      std::move(status),
  };
  Fields rewrite = {
      Hostname("New value of the host header."),
      PathRewrite("How the path changes."),
      Field::Bool("hostToBackendHostname", "Sets the host header to the name of the chosen endpoint; only of MeshGateway."),
  };
  Fields mirror = {
      Field::IntOrString("percentage", "Share of requests that are mirrored; all when absent."),
      Field::Object("backendRef", BackendRefMembers(), "Where the copies go; their responses are dropped.").Required(),
  };
  Fields filter = {
      Field::Enum("type", {"RequestHeaderModifier", "ResponseHeaderModifier", "RequestRedirect", "URLRewrite", "RequestMirror"},
                  "Kind of the filter; the member of the same name holds its configuration.")
          .Required(),
      HeaderModifierField("requestHeaderModifier", true, "Changes headers of requests."),
      HeaderModifierField("responseHeaderModifier", true, "Changes headers of responses."),
      Field::Object("requestRedirect", std::move(redirect), "Answers with a redirect."),
      Field::Object("urlRewrite", std::move(rewrite), "Changes host and path before requests are sent on."),
      Field::Object("requestMirror", std::move(mirror), "Sends copies of requests to another destination."),
  };
  return Field::List("filters", Field::Object("", std::move(filter), ""), "What is done to requests and responses, in this order.");
}

Field Matches() {
  Fields path = {
      Field::String("value", "Path or expression; an absolute path unless it is a regular expression.").Required().MinLength(1),
      Field::Enum("type", {"Exact", "PathPrefix", "RegularExpression"}, "How the path is compared; prefixes end at a slash.").Required(),
  };
  Fields query = {
      Field::Enum("type", {"Exact", "RegularExpression"}, "How the value is compared.").Required(),
      Field::String("name", "Name of the parameter.").Required().MinLength(1),
      Field::String("value", "Value to compare with.").Required(),
  };
  Fields match = {
      Field::Object("path", std::move(path), "Path of the request."),
      Field::Enum("method", {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}, "Method of the request."),
      Field::List("queryParams", Field::Object("", std::move(query), ""), "Parameters in the URL; all have to match."),
      HeaderMatchList("headers", "Headers of the request; all have to match."),
  };
  Field list =
      Field::List("matches", Field::Object("", std::move(match), ""), "Requests that the rule takes; one match is enough.").MinItems(1);
  list.required = true;
  return list;
}

Fields SpecFields() {
  Fields conf = {Filters(), BackendRefList("backendRefs", "Where requests go; the destination itself when absent.")};
  Fields rule = {Matches(), Field::Object("default", std::move(conf), "What happens to these requests.").Required()};
  Fields to = {
      Field::List("hostnames", Field::String("", ""), "Hostnames of listeners that the rules are for; only of MeshGateway."),
      TargetRefField("targetRef", "Destination whose requests are routed.").Required(),
      Field::List("rules", Field::Object("", std::move(rule), ""), "Routing rules; those of several policies merge by their matches.")
          .Required(),
  };
  return {TopTargetRef(), Field::List("to", Field::Object("", std::move(to), ""), "Routes, by destination.")};
}

// Rules of later policies come first, hence lists are turned around before and after they merge.
Json ReversedRules(const Json& entry) {
  Json conf = Json::object();
  const Json& rules = ListOf(entry, "rules");
  if (!rules.empty()) conf["rules"] = Json::array_t(rules.rbegin(), rules.rend());
  if (const Json& hostnames = ListOf(entry, "hostnames"); !hostnames.empty()) conf["hostnames"] = hostnames;
  return conf;
}

void TurnRules(Json& conf) {
  const auto rules = conf.find("rules");
  if (rules != conf.end() && rules->is_array()) std::reverse(rules->begin(), rules->end());
}

}  // namespace

TypeDescriptor MakeMeshHTTPRouteType() {
  PolicyTraits traits;
  traits.order = 100;
  traits.has_to = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"MeshService", "MeshExternalService", "MeshMultiZoneService", "Mesh"};
  traits.conf_of_entry = ReversedRules;
  traits.split_by = "hostnames";
  traits.merge_list = "rules";
  traits.merge_by = "matches";
  traits.after_merge = TurnRules;
  TypeDescriptor type =
      MakePolicyType({"MeshHTTPRoute", "meshhttproutes", "meshhttproute", "mhttpr", "Mesh HTTP Route", "Mesh HTTP Routes"},
                     std::move(traits), SpecFields());
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshHTTPRoute(policy, out); };
  type.warnings = [](const Resource& policy) {
    std::vector<std::string> texts = TopWarnings(policy.spec);
    for (std::string& fault : FaultsOf(policy)) texts.push_back(std::move(fault));
    return texts;
  };
  return type;
}

}  // namespace kuma::policy
