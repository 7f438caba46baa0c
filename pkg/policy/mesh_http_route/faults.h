// What is wrong with one rule of a MeshHTTPRoute, found while routes are planned: pieces that Envoy would reject are left out, missing
// backends are told. Used by plan.cpp.
#pragma once

#include <string>
#include <vector>

#include "pkg/model/type.h"
#include "pkg/policy/route_destination.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

class RuleFaults {
 public:
  // `types` may be null: then warnings name no resource.
  RuleFaults(const RouteReport& report, const TypeRegistry* types, const Json& matches)
      : report_(report), types_(types), matches_(matches) {}

  // Who wrote the rule.
  void Blame(const Origin& origin) { origin_ = origin; }

  // Without modifications of headers that Envoy refuses to touch. An array always.
  Json UsableFilters(const Json& filters);
  // False: it has a regular expression that Envoy would not compile.
  bool IsUsable(const Json& match);
  // `all_missing`: none of them has a cluster.
  void CheckBackends(const Kri& origin, const Json& refs, const BackendResolver& resolve, bool all_missing);
  void NoMirror(const Kri& origin, const Json& ref);
  void NotHttp(const RouteDestination& to);

 private:
  // Path of the rule in its policy: of the entry of `to` that gave it.
  std::string RulePath() const;
  void Add(const std::string& path, std::string message);

  const RouteReport& report_;
  const TypeRegistry* types_;
  const Json& matches_;
  Origin origin_;
};

// What is wrong with a route whatever else there is: "path: message" each, for the answer to whoever writes it.
std::vector<std::string> FaultsOf(const Resource& route);

// Whether Envoy's engine takes the expression.
bool IsRegex(const std::string& text);

}  // namespace kuma::policy
