#include "pkg/base/strings.h"
#include "pkg/policy/mesh_trace/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

// Only scheme, host and port.
void CheckDatadogUrl(Checker& checker, const Path& path, const std::string& text) {
  const auto uri = resources::ParseRequestUri(text);
  if (!uri) {
    checker.Add(path, "must be a valid url");
    return;
  }
  if (uri->scheme != "http") checker.Add(path, "scheme must be http");
  if (uri->port.empty()) {
    checker.Add(path, "port must be defined");
  } else {
    const auto port = ParseInt(uri->port);
    if (!port || *port == 0 || *port > 65535) checker.Add(path, "port must be a valid (1-65535)");
  }
  const size_t authority = text.find("://");
  const bool opaque = !uri->scheme.empty() && authority == std::string::npos && !uri->path.starts_with("/");
  const auto forbid = [&](std::string_view part, bool given) {
    if (given) checker.Add(path, std::string(part) + " must not be defined");
  };
  const size_t query = uri->path.find('?');
  const std::string_view host = authority == std::string::npos ? std::string_view() : std::string_view(text).substr(authority + 3);
  forbid("opaque", opaque);
  forbid("user", Contains(host.substr(0, host.find_first_of("/?#")), "@"));
  forbid("path", !opaque && query != 0 && !uri->path.empty());
  forbid("query", query != std::string::npos && query + 1 < uri->path.size());
}

void CheckBackend(Checker& checker, const Path& path, const Json& backend) {
  const std::string type = GetString(backend, "type");
  const std::string_view member = type == "Datadog" ? "datadog" : type == "Zipkin" ? "zipkin" : "openTelemetry";
  const Json& conf = Get(backend, member);
  const Path at = path.Field(member);
  if (conf.is_null()) {
    checker.Add(at, std::string(resources::kMustBeDefined));
    return;
  }
  const std::string url = GetString(conf, "url");
  if (member == "datadog") {
    CheckDatadogUrl(checker, at.Field("url"), url);
  } else if (member == "openTelemetry") {
    CheckOtelTarget(checker, at, conf, false);
  } else if (url.empty()) {
    checker.Add(at.Field("url"), std::string(resources::kMustNotBeEmpty));
  } else if (!IsUrl(url)) {
    checker.Add(at.Field("url"), "must be a valid url");
  }
}

void CheckSampling(Checker& checker, const Path& path, const Json& share) {
  if (share.is_null()) return;
  const auto number = resources::IntOrStringNumber(share);
  if (!number) {
    checker.Add(path, "string is not a number");
  } else if (*number < 0 || *number > 100) {
    checker.Add(path, "must be between 0 and 100");
  }
}

}  // namespace

void ValidateMeshTrace(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds()});
  const Json& conf = Get(policy.spec, "default");
  const Path at = Path("spec").Field("default");
  const Json& backends = Get(conf, "backends");
  if (backends.is_null()) checker.Add(at.Field("backends"), std::string(resources::kMustBeDefined));
  if (!backends.empty()) CheckBackend(checker, at.Field("backends").Index(0), backends[0]);
  const Json& tags = ListOf(conf, "tags");
  for (size_t i = 0; i < tags.size(); ++i) {
    const Path of_tag = at.Field("tags").Index(i);
    if (GetString(tags[i], "name").empty()) checker.Add(of_tag.Field("name"), std::string(resources::kMustNotBeEmpty));
    if (Get(tags[i], "header").is_null() == Get(tags[i], "literal").is_null()) {
      checker.Add(of_tag, resources::MustHaveOnlyOne("tag", {"header", "literal"}));
    }
  }
  for (const std::string_view share : {"client", "random", "overall"}) {
    CheckSampling(checker, at.Field("sampling").Field(share), Get(Get(conf, "sampling"), share));
  }
}

}  // namespace kuma::policy
