#include <catch2/catch.hpp>

#include <algorithm>

#include "pkg/policy/mesh_http_route/apply.h"

namespace kuma::policy {

namespace {

Json Path(const char* type, const char* value) { return {{"path", {{"type", type}, {"value", value}}}}; }

envoy::VirtualHost Build(const Json& match, const Json& filters, std::vector<envoy::WeightedTarget> targets = {{"backend", 1, false}}) {
  HttpRoutePlan plan;
  plan.name = "r";
  plan.match = match;
  plan.filters = filters;
  plan.targets = std::move(targets);
  plan.mirror_clusters = {"mirror"};
  envoy::VirtualHost host;
  AddHttpRoutes(host, plan);
  return host;
}

}  // namespace

TEST_CASE("matches are tried from the most specific to the least") {
  Json with_method = Path("PathPrefix", "/a");
  with_method["method"] = "GET";
  Json with_header = Path("PathPrefix", "/a");
  with_header["headers"] = Json::array({{{"name", "x"}, {"value", "1"}}});
  Json with_query = Path("PathPrefix", "/a");
  with_query["queryParams"] = Json::array({{{"name", "q"}, {"value", "1"}, {"type", "Exact"}}});
  const std::vector<Json> ordered = {Path("Exact", "/a"),      Path("PathPrefix", "/longer"),      with_method,   with_header, with_query,
                                     Path("PathPrefix", "/a"), Path("RegularExpression", "/a.*z"), Json::object()};
  for (size_t i = 0; i < ordered.size(); ++i) {
    for (size_t j = i + 1; j < ordered.size(); ++j) {
      INFO(ordered[i].dump() << " before " << ordered[j].dump());
      CHECK(CompareHttpMatches(ordered[i], ordered[j]) < 0);
      CHECK(CompareHttpMatches(ordered[j], ordered[i]) > 0);
    }
  }
  CHECK(CompareHttpMatches(Path("Exact", "/a"), Path("Exact", "/longer")) == 0);
}

TEST_CASE("a prefix matches whole path segments") {
  const envoy::VirtualHost host = Build(Path("PathPrefix", "/a/"), Json::array());
  REQUIRE(host.routes_size() == 2);
  CHECK(host.routes(0).match().path() == "/a");
  CHECK(host.routes(1).match().prefix() == "/a/");
  CHECK(Build(Path("PathPrefix", "/"), Json::array()).routes_size() == 1);
}

TEST_CASE("replacing a prefix differs for the path itself and what is below it") {
  const Json filter = {{"type", "URLRewrite"},
                       {"urlRewrite", {{"path", {{"type", "ReplacePrefixMatch"}, {"replacePrefixMatch", "/new"}}}}}};
  const envoy::VirtualHost host = Build(Path("PathPrefix", "/old"), Json::array({filter}));
  CHECK(host.routes(0).route().regex_rewrite().substitution() == "/new");
  CHECK(host.routes(1).route().prefix_rewrite() == "/new");
}

TEST_CASE("a redirect takes the place of the route") {
  const Json filter = {{"type", "RequestRedirect"}, {"requestRedirect", {{"hostname", "h"}, {"statusCode", 308}}}};
  const envoy::VirtualHost host = Build(Path("Exact", "/"), Json::array({filter}));
  CHECK_FALSE(host.routes(0).has_route());
  CHECK(host.routes(0).redirect().response_code() == ::envoy::config::route::v3::RedirectAction::PERMANENT_REDIRECT);
}

TEST_CASE("percentages of mirrors take the smallest denominator that holds them") {
  const auto percent = [](const Json& value) {
    const Json filter = {{"type", "RequestMirror"}, {"requestMirror", {{"percentage", value}}}};
    return Build(Path("Exact", "/"), Json::array({filter})).routes(0).route().request_mirror_policies(0).runtime_fraction().default_value();
  };
  CHECK(percent(5).numerator() == 5);
  CHECK(percent("12.5").numerator() == 1250);
  CHECK(percent("12.5").denominator() == ::envoy::type::v3::FractionalPercent::TEN_THOUSAND);
  CHECK(percent("0.0001").denominator() == ::envoy::type::v3::FractionalPercent::MILLION);
}

TEST_CASE("an HTTP outbound without a policy has one route with a well-known name") {
  const TypeRegistry types;
  const RouteDestination to{"backend", std::nullopt, mesh::Protocol::kHttp, false};
  const DefaultTarget target = [](bool) { return envoy::WeightedTarget{"backend", 100, false}; };
  const BackendResolver resolve = [](const Kri&, const Json&, bool) { return std::nullopt; };
  const auto routes = PlanHttpRoutes(nullptr, to, target, resolve, types);
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].name == "9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo=");
  CHECK(PlanHttpRoutes(nullptr, {"redis", std::nullopt, mesh::Protocol::kTcp, false}, target, resolve, types).empty());
}

TEST_CASE("a rule whose backends do not exist has no route, one without backends the default") {
  const TypeRegistry types;
  RuleSet rules;
  const Json ref = {{"kind", "MeshService"}, {"name", "gone"}};
  rules.to.push_back(
      {{},
       {{"rules", Json::array({{{"matches", Json::array({Path("Exact", "/gone")})}, {"default", {{"backendRefs", Json::array({ref})}}}},
                               {{"matches", Json::array({Path("Exact", "/ok")})}, {"default", Json::object()}}})}},
       {},
       {}});
  const DefaultTarget target = [](bool) { return envoy::WeightedTarget{"backend", 100, false}; };
  const BackendResolver resolve = [](const Kri&, const Json&, bool) { return std::nullopt; };
  const auto routes = PlanHttpRoutes(&rules, {"backend", std::nullopt, mesh::Protocol::kHttp, false}, target, resolve, types);
  REQUIRE(routes.size() == 2);
  CHECK(Get(routes[0].match, "path").at("value") == "/ok");
  CHECK(Get(routes[1].match, "path").at("value") == "/");
}

}  // namespace kuma::policy
