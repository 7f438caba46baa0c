// kumactl generate …-token: tokens issued by the control plane, or here with a signing key from a file.
#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/session.h"
#include "pkg/tokens/issuer.h"

namespace kuma::kumactl {
namespace {

// What one kind of token says: claims for signing here, a request for the control plane.
struct TokenOrder {
  std::string kind;  // dataplane, zone, user
  Json claims;
  Json request;
};

Result<std::string> IssueToken(Session& session, const TokenOrder& order) {
  const cli::Invocation& invocation = session.invocation();
  const std::string key_path = invocation.GetString("signing-key-path");
  const std::string kid = invocation.GetString("kid");
  const Nanos valid_for = invocation.GetDuration("valid-for");
  if (valid_for <= Nanos(0)) return Invalid("--valid-for must be longer than 0, for example 24h");
  if (!key_path.empty()) {
    if (kid.empty()) return Invalid("--kid is required when --signing-key-path is used");
    const tokens::Issuer issuer(tokens::KeyOfFile(key_path, kid), session.environment().clock, session.environment().random);
    return issuer.Issue(order.claims, valid_for);
  }
  if (!kid.empty()) return Invalid("--kid can only be used together with --signing-key-path");
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  Json request = order.request;
  request["validFor"] = FormatDuration(valid_for);
  const Result<io::HttpResponse> response =
      api->Call({.method = "POST", .path = ApiPath({"tokens", order.kind}), .body = ToJsonText(request)});
  if (!response) {
    Error error = response.error();
    if (error.code != ErrorCode::kUnavailable) error.message = "failed to generate a " + order.kind + " token: " + error.message;
    return error;
  }
  return response->body;
}

Result<int> PrintToken(Session& session, const TokenOrder& order) {
  KUMA_TRY_ASSIGN(const std::string token, IssueToken(session, order));
  session.out() << token << std::flush;
  return 0;
}

Result<int> RunDataplaneToken(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  tokens::DataplaneIdentity identity;
  identity.name = invocation.GetString("name");
  identity.type = invocation.IsSet("proxy-type") ? invocation.GetString("proxy-type") : invocation.GetString("type");
  identity.workload = invocation.GetString("workload");
  KUMA_TRY_ASSIGN(identity.mesh, session.Mesh());
  // "a=1,2" gives one tag two values: a part without "=" belongs to the tag before it.
  Json tags = Json::object();
  for (const std::string& text : invocation.GetList("tag")) {
    std::string key;
    for (const std::string& part : Split(text, ',')) {
      const size_t equals = part.find('=');
      if (equals != std::string::npos) key = part.substr(0, equals);
      if (key.empty()) return Invalid("invalid argument \"" + text + "\" for \"--tag\": must be formatted as key=value[,value]");
      const std::string value = equals == std::string::npos ? part : part.substr(equals + 1);
      if (identity.tags[key].insert(value).second) tags[key].push_back(value);
    }
  }
  TokenOrder order{"dataplane", identity.ToClaims(), {{"mesh", identity.mesh}}};
  if (!identity.name.empty()) order.request["name"] = identity.name;
  if (!identity.type.empty()) order.request["type"] = identity.type;
  if (!identity.workload.empty()) order.request["workload"] = identity.workload;
  if (!tags.empty()) order.request["tags"] = tags;
  return PrintToken(session, order);
}

Result<int> RunZoneToken(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  tokens::ZoneIdentity identity{invocation.GetString("zone"), invocation.GetList("scope")};
  for (const std::string& scope : identity.scope) {
    if (scope != tokens::kIngressScope && scope != tokens::kEgressScope) {
      return Invalid("invalid --scope value: " + scope + " (supported scopes: ingress, egress)");
    }
  }
  return PrintToken(session, {"zone", identity.ToClaims(), {{"zone", identity.zone}, {"scope", identity.scope}}});
}

Result<int> RunUserToken(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  const tokens::UserIdentity identity{invocation.GetString("name"), invocation.GetList("group")};
  return PrintToken(session, {"user", identity.ToClaims(), {{"name", identity.name}, {"groups", identity.groups}}});
}

std::vector<cli::Flag> TokenFlags() {
  return {
      {.name = "valid-for",
       .type = cli::FlagType::kDuration,
       .help = "how long the token will be valid (for example \"24h\")",
       .required = true},
      {.name = "signing-key-path",
       .value_name = "FILE",
       .help = "path to a file that contains private signing key. When specified, control plane won't be used to issue the token."},
      {.name = "kid", .value_name = "ID", .help = "ID of the key that is used to issue a token. Required when --signing-key-path is used."},
  };
}

cli::Command TokenCommand(const EnvironmentPtr& environment, const char* name, const char* summary, const char* example, Action action) {
  cli::Command command;
  command.name = name;
  command.summary = summary;
  command.example = example;
  command.flags = TokenFlags();
  command.run = Runs(environment, std::move(action));
  return command;
}

}  // namespace

cli::Command MakeGenerateCommand(const EnvironmentPtr& environment) {
  const std::vector<std::string> proxy_types = {"dataplane", "ingress", "egress"};
  cli::Command dataplane = TokenCommand(environment, "dataplane-token", "Generate Dataplane Token that is used to prove Dataplane identity",
                                        "# Bound by name and mesh, by mesh, by tag, by workload\n"
                                        "kumactl generate dataplane-token --mesh demo --name demo-01 --valid-for 24h\n"
                                        "kumactl generate dataplane-token --mesh demo --valid-for 24h\n"
                                        "kumactl generate dataplane-token --mesh demo --tag kuma.io/service=web,web-api --valid-for 24h\n"
                                        "kumactl generate dataplane-token --mesh demo --workload backend --valid-for 24h\n\n"
                                        "# Without a control plane\n"
                                        "kumactl generate dataplane-token --mesh demo --valid-for 24h --signing-key-path key.pem --kid 1",
                                        RunDataplaneToken);
  dataplane.flags.push_back({.name = "name", .value_name = "NAME", .help = "name of the Dataplane"});
  dataplane.flags.push_back(MeshFlag(environment));
  dataplane.flags.push_back({.name = "type",
                             .value_name = "TYPE",
                             .help = "type of the Dataplane",
                             .deprecated = "please use --proxy-type instead",
                             .choices = proxy_types});
  dataplane.flags.push_back({.name = "proxy-type", .value_name = "TYPE", .help = "type of the Dataplane", .choices = proxy_types});
  dataplane.flags.push_back({.name = "tag",
                             .type = cli::FlagType::kStringArray,
                             .value_name = "KEY=VALUE",
                             .help = "required tag values for dataplane (split values by comma to provide multiple values)"});
  dataplane.flags.push_back({.name = "workload", .value_name = "NAME", .help = "required workload label value for dataplane"});

  cli::Command zone = TokenCommand(environment, "zone-token",
                                   "Generate Zone Token that is used to prove identity of zone components (Zone Ingress, Zone Egress)",
                                   "kumactl generate zone-token --zone zone-1 --valid-for 24h\n"
                                   "kumactl generate zone-token --zone zone-1 --valid-for 24h --scope egress\n"
                                   "kumactl generate zone-token --zone zone-1 --valid-for 24h --signing-key-path /keys/key.pem --kid 1",
                                   RunZoneToken);
  zone.flags.push_back({.name = "zone", .value_name = "NAME", .help = "name of the zone where resides", .required = true});
  zone.flags.push_back({.name = "scope",
                        .type = cli::FlagType::kStringList,
                        .default_value = "egress,ingress",
                        .help = "scope of resources which the token will be able to identify"});

  cli::Command user = TokenCommand(
      environment, "user-token", "Generate User Token that is used to prove User identity",
      "kumactl generate user-token --name john.doe@example.com --group users --valid-for 24h\n"
      "kumactl generate user-token --name john.doe@example.com --group users --valid-for 24h --signing-key-path /keys/key.pem --kid 1",
      RunUserToken);
  user.flags.push_back({.name = "name", .value_name = "NAME", .help = "name of the user", .required = true});
  user.flags.push_back(
      {.name = "group", .type = cli::FlagType::kStringList, .value_name = "NAME", .help = "group of the user; repeatable"});

  cli::Command command;
  command.name = "generate";
  command.summary = "Generate resources, tokens, etc";
  command.example = "kumactl generate dataplane-token --mesh demo --name demo-01 --valid-for 24h";
  command.children = {std::move(dataplane),
                      std::move(zone),
                      std::move(user),
                      MakeSigningKeyCommand(environment),
                      MakePublicKeyCommand(environment),
                      MakeTlsCertificateCommand(environment),
                      MakeOpenApiCommand(environment),
                      MakeDocsCommand(environment)};
  return command;
}

}  // namespace kuma::kumactl
