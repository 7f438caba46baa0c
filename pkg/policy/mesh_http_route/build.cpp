#include <cmath>
#include <set>

#include "pkg/envoy/message.h"
#include "pkg/policy/conf.h"
#include "pkg/policy/header_match.h"
#include "pkg/policy/mesh_http_route/apply.h"

namespace kuma::policy {

namespace {

using RegexRewrite = ::envoy::type::matcher::v3::RegexMatchAndSubstitute;

struct EnvoyMatch {
  envoy::RouteMatch match;
  bool is_prefix = false;  // the policy's match is a prefix, whatever Envoy's is
};

std::vector<EnvoyMatch> PathMatches(const Json& path) {
  const std::string type = GetString(path, "type");
  std::string value = GetString(path, "value");
  EnvoyMatch first;
  if (type == "Exact") {
    first.match.set_path(value);
    return {first};
  }
  if (type == "RegularExpression") {
    first.match.mutable_safe_regex()->set_regex(value);
    return {first};
  }
  first.is_prefix = true;
  if (value == "/") {
    first.match.set_prefix(value);
    return {first};
  }
  // "/a" must match "/a" and "/a/b" but not "/ab".
  if (value.ends_with('/')) value.pop_back();
  EnvoyMatch below = first;
  first.match.set_path(value);
  below.match.set_prefix(value + "/");
  return {first, below};
}

void AddConditions(envoy::RouteMatch& envoy_match, const Json& match) {
  if (const std::string method = GetString(match, "method"); !method.empty()) *envoy_match.add_headers() = MethodMatcher(method);
  std::set<std::string> names;  // of the same name only the first counts
  for (const Json& parameter : Get(match, "queryParams")) {
    if (!names.insert(GetString(parameter, "name")).second) continue;
    auto* matcher = envoy_match.add_query_parameters();
    matcher->set_name(GetString(parameter, "name"));
    if (GetString(parameter, "type") == "RegularExpression") {
      matcher->mutable_string_match()->mutable_safe_regex()->set_regex(GetString(parameter, "value"));
    } else {
      matcher->mutable_string_match()->set_exact(GetString(parameter, "value"));
    }
  }
  names.clear();
  for (const Json& header : Get(match, "headers")) {
    if (names.insert(GetString(header, "name")).second) *envoy_match.add_headers() = MakeHeaderMatcher(header);
  }
}

void SetTargets(envoy::RouteAction& action, const std::vector<envoy::WeightedTarget>& targets) {
  envoy::SetDuration(action.mutable_timeout(), Nanos(0));
  bool external = false;
  if (targets.size() == 1) action.set_cluster(targets.front().cluster);
  for (const envoy::WeightedTarget& target : targets) {
    external |= target.external;
    if (targets.size() == 1) continue;
    auto* weighted = action.mutable_weighted_clusters()->add_clusters();
    weighted->set_name(target.cluster);
    weighted->mutable_weight()->set_value(target.weight);
  }
  if (external) action.mutable_auto_host_rewrite()->set_value(true);
}

template <typename Options>
void AddHeader(Options* option, const Json& header, bool append) {
  using Option = ::envoy::config::core::v3::HeaderValueOption;
  option->set_append_action(append ? Option::APPEND_IF_EXISTS_OR_ADD : Option::OVERWRITE_IF_EXISTS_OR_ADD);
  option->mutable_header()->set_key(GetString(header, "name"));
  option->mutable_header()->set_value(GetString(header, "value"));
}

void ModifyRequestHeaders(envoy::Route& route, const Json& modifier) {
  for (const Json& header : Get(modifier, "set")) AddHeader(route.add_request_headers_to_add(), header, false);
  for (const Json& header : Get(modifier, "add")) AddHeader(route.add_request_headers_to_add(), header, true);
  for (const Json& name : Get(modifier, "remove")) route.add_request_headers_to_remove(name.is_string() ? name.get<std::string>() : "");
}

void ModifyResponseHeaders(envoy::Route& route, const Json& modifier) {
  for (const Json& header : Get(modifier, "set")) AddHeader(route.add_response_headers_to_add(), header, false);
  for (const Json& header : Get(modifier, "add")) AddHeader(route.add_response_headers_to_add(), header, true);
  for (const Json& name : Get(modifier, "remove")) route.add_response_headers_to_remove(name.is_string() ? name.get<std::string>() : "");
}

void ReplaceAllWith(RegexRewrite* rewrite, std::string text) {
  rewrite->mutable_pattern()->set_regex(".*");
  rewrite->set_substitution(std::move(text));
}

// Sets either a whole-path rewrite or a prefix rewrite, as the policy's path and Envoy's match ask for.
template <typename Action>
void RewritePath(Action& action, const Json& path, const EnvoyMatch& match) {
  const std::string type = GetString(path, "type");
  if (type == "ReplaceFullPath") ReplaceAllWith(action.mutable_regex_rewrite(), GetString(path, "replaceFullPath"));
  if (type != "ReplacePrefixMatch" || !match.is_prefix) return;
  const std::string prefix = GetString(path, "replacePrefixMatch");
  if (!match.match.path().empty()) {
    ReplaceAllWith(action.mutable_regex_rewrite(), prefix);
  } else if (!match.match.prefix().empty()) {
    action.set_prefix_rewrite(prefix);
  }
}

void Redirect(envoy::Route& route, const Json& redirect, const EnvoyMatch& match) {
  using Action = ::envoy::config::route::v3::RedirectAction;
  Action& action = *route.mutable_redirect();
  action.set_host_redirect(GetString(redirect, "hostname"));
  if (const auto port = FindUint(redirect, "port")) action.set_port_redirect(*port);
  if (const std::string scheme = GetString(redirect, "scheme"); !scheme.empty()) action.set_scheme_redirect(scheme);
  RewritePath(action, Get(redirect, "path"), match);
  switch (GetInt(redirect, "statusCode")) {
    case 301:
      action.set_response_code(Action::MOVED_PERMANENTLY);
      break;
    case 303:
      action.set_response_code(Action::SEE_OTHER);
      break;
    case 307:
      action.set_response_code(Action::TEMPORARY_REDIRECT);
      break;
    case 308:
      action.set_response_code(Action::PERMANENT_REDIRECT);
      break;
    default:
      action.set_response_code(Action::FOUND);
      break;
  }
}

void RewriteUrl(envoy::Route& route, const Json& rewrite, const EnvoyMatch& match) {
  if (!route.has_route()) return;
  envoy::RouteAction& action = *route.mutable_route();
  if (const std::string host = GetString(rewrite, "hostname"); !host.empty()) action.set_host_rewrite_literal(host);
  RewritePath(action, Get(rewrite, "path"), match);
}

// Envoy's denominators are 100, 10 000 and 1 000 000: the smallest that holds the value.
void SetPercentage(::envoy::type::v3::FractionalPercent* percent, double value) {
  using Fraction = ::envoy::type::v3::FractionalPercent;
  if (std::floor(value) == value) {
    percent->set_numerator(static_cast<uint32_t>(value));
    percent->set_denominator(Fraction::HUNDRED);
  } else if (std::floor(value * 100) == value * 100) {
    percent->set_numerator(static_cast<uint32_t>(value * 100));
    percent->set_denominator(Fraction::TEN_THOUSAND);
  } else {
    percent->set_numerator(static_cast<uint32_t>(std::lround(value * 10000)));
    percent->set_denominator(Fraction::MILLION);
  }
}

void Mirror(envoy::Route& route, const Json& mirror, const std::string& cluster) {
  if (!route.has_route() || cluster.empty()) return;
  auto* policy = route.mutable_route()->add_request_mirror_policies();
  policy->set_cluster(cluster);
  if (const auto percentage = FindDecimal(mirror, "percentage")) {
    SetPercentage(policy->mutable_runtime_fraction()->mutable_default_value(), *percentage);
  }
}

}  // namespace

void AddHttpRoutes(envoy::VirtualHost& host, const HttpRoutePlan& plan) {
  for (EnvoyMatch& match : PathMatches(Get(plan.match, "path"))) {
    AddConditions(match.match, plan.match);
    envoy::Route& route = *host.add_routes();
    route.set_name(plan.name);
    *route.mutable_match() = match.match;
    SetTargets(*route.mutable_route(), plan.targets);
    size_t mirror = 0;
    for (const Json& filter : plan.filters) {
      const std::string type = GetString(filter, "type");
      if (type == "RequestHeaderModifier") ModifyRequestHeaders(route, Get(filter, "requestHeaderModifier"));
      if (type == "ResponseHeaderModifier") ModifyResponseHeaders(route, Get(filter, "responseHeaderModifier"));
      if (type == "RequestRedirect") Redirect(route, Get(filter, "requestRedirect"), match);
      if (type == "URLRewrite") RewriteUrl(route, Get(filter, "urlRewrite"), match);
      if (type == "RequestMirror") {
        const std::string cluster = mirror < plan.mirror_clusters.size() ? plan.mirror_clusters[mirror] : std::string();
        ++mirror;
        Mirror(route, Get(filter, "requestMirror"), cluster);
      }
    }
  }
}

}  // namespace kuma::policy
