// kumactl inspect dataplane, zoneingress, zoneegress: the rules that reach one proxy, its Envoy's configuration, statistics, clusters.
#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/model/resource.h"

namespace kuma::kumactl {
namespace {

std::string UpperAttachment(const Json& entry) {
  const std::string type = GetString(entry, "type");
  if (type == "dataplane") return ToUpper(type);
  if (type == "service") return ToUpper(type) + " " + GetString(entry, "name");
  return ToUpper(type) + " " + GetString(entry, "name") + "(" + GetString(entry, "service") + ")";
}

// Policies from before targetRef, by the part of the proxy they are attached to.
void PrintMatched(std::ostream& out, const Json& answer) {
  for (const Json& entry : Get(answer, "items")) {
    out << UpperAttachment(entry) << ":\n";
    const Json& matched = Get(entry, "matchedPolicies");
    if (matched.is_object()) {
      for (const auto& [type, policies] : matched.items()) {
        out << "  " << type << "\n";
        for (const Json& policy : policies) out << "    " << GetString(policy, "name") << "\n";
      }
    }
    out << "\n";
  }
}

// Names of the policies that a rule comes from, the strongest last as merged.
std::string Origins(const Json& rule) {
  std::vector<std::string> names;
  for (const Json& origin : Get(rule, "origin")) {
    const Json& meta = Get(origin, "resourceMeta").is_object() ? Get(origin, "resourceMeta") : origin;
    names.push_back(GetString(meta, "name"));
  }
  return Join(names, ",");
}

std::string MatcherText(const Json& rule) {
  std::vector<std::string> parts;
  for (const Json& matcher : Get(rule, "matchers")) {
    parts.push_back(GetString(matcher, "key") + (GetBool(matcher, "not") ? "!=" : "=") + GetString(matcher, "value"));
  }
  return parts.empty() ? "*" : Join(parts, ",");
}

std::string InboundText(const Json& inbound) {
  const std::string service = GetString(Get(inbound, "tags"), kServiceTag);
  return "port " + std::to_string(GetInt(inbound, "port")) + (service.empty() ? std::string() : "(" + service + ")");
}

std::string ResourceText(const Json& rule) {
  const Json& meta = Get(rule, "resourceMeta");
  std::string text = GetString(meta, "type") + "/" + GetString(meta, "name");
  const std::string section = GetString(rule, "resourceSectionName");
  return section.empty() ? text : text + ":" + section;
}

cli::Table RulesTable(const Json& answer) {
  cli::Table table({"POLICY", "DIRECTION", "APPLIES TO", "FROM POLICIES"});
  for (const Json& policy : Get(answer, "rules")) {
    const std::string type = GetString(policy, "type");
    if (const Json& rule = Get(policy, "proxyRule"); rule.is_object() && !Get(rule, "conf").is_null())
      table.AddRow({type, "proxy", "the whole proxy", Origins(rule)});
    const Json& inbound_rules = Get(policy, "inboundRules");
    const bool has_inbound = inbound_rules.is_array() && !inbound_rules.empty();
    for (const Json& entry : has_inbound ? inbound_rules : Get(policy, "fromRules")) {
      for (const Json& rule : Get(entry, "rules")) table.AddRow({type, "inbound", InboundText(Get(entry, "inbound")), Origins(rule)});
    }
    const Json& to_resources = Get(policy, "toResourceRules");
    for (const Json& rule : to_resources) table.AddRow({type, "outbound", ResourceText(rule), Origins(rule)});
    for (const Json& rule : Get(policy, "toRules")) table.AddRow({type, "outbound", MatcherText(rule), Origins(rule)});
  }
  return table;
}

Result<int> PrintPolicies(Session& session, const std::string& path) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const std::string format = session.invocation().GetString("output");
  const Result<Json> rules = api->GetJson(path + "/_rules");
  const Result<Json> matched = api->GetJson(path + "/policies");
  if (!rules && !matched) return rules.error();
  if (format != "table") {
    const Json& answer = rules ? *rules : *matched;
    session.out() << (format == "yaml" ? ToYaml(answer) : DocumentJson(answer));
    return 0;
  }
  if (matched) PrintMatched(session.out(), *matched);
  if (rules) {
    RulesTable(*rules).Print(session.out());
    for (const Json& policy : Get(*rules, "rules")) {
      for (const Json& warning : Get(policy, "warnings")) {
        if (warning.is_string()) session.err() << "Warning: " << GetString(policy, "type") << ": " << warning.get<std::string>() << "\n";
      }
    }
  }
  return 0;
}

Result<int> PrintRaw(Session& session, const std::string& path, const Query& query) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const io::HttpResponse response, api->Call({.path = path, .query = query}));
  session.out() << response.body << std::flush;
  return 0;
}

std::string InspectionType(const cli::Invocation& invocation) {
  return invocation.GetBool("config-dump") ? "config-dump" : invocation.GetString("type");
}

Result<int> Inspect(Session& session, const std::string& path) {
  const cli::Invocation& invocation = session.invocation();
  const std::string type = InspectionType(invocation);
  const bool include_eds = invocation.GetBool("include-eds");
  if (include_eds && type != "config-dump") return Invalid("flag '--include-eds' can be used only when '--type=config-dump'");
  KUMA_TRY(session.CheckServer());
  if (type == "policies") return PrintPolicies(session, path);
  if (type == "config-dump") return PrintRaw(session, path + "/xds", {{"include_eds", include_eds ? "true" : "false"}});
  return PrintRaw(session, path + "/" + type, {});
}

Result<int> RunDataplane(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  const std::string type = InspectionType(invocation);
  const std::vector<std::string> include = invocation.GetList("include");
  if (invocation.GetBool("shadow") && type != "config") return Invalid("flag '--shadow' can be used only when '--type=config'");
  if (!include.empty() && type != "config") return Invalid("flag '--include' can be used only when '--type=config'");
  KUMA_TRY_ASSIGN(const std::string mesh, session.Mesh());
  const std::string path = ApiPath({"meshes", mesh, "dataplanes", invocation.Arg(0)});
  if (type != "config") return Inspect(session, path);
  if (invocation.GetBool("include-eds")) return Invalid("flag '--include-eds' can be used only when '--type=config-dump'");
  KUMA_TRY(session.CheckServer());
  Query query = {{"shadow", invocation.GetBool("shadow") ? "true" : "false"}};
  for (const std::string& part : include) query.emplace_back("include", part);
  return PrintRaw(session, path + "/_config", query);
}

}  // namespace

cli::Command MakeInspectDataplaneCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "dataplane";
  command.summary = "What one data plane proxy is configured with";
  command.example =
      "# Which policies reach the proxy\n"
      "kumactl inspect dataplane web-1\n\n"
      "# Its Envoy: configuration, statistics, clusters\n"
      "kumactl inspect dataplane web-1 --type=config-dump\n"
      "kumactl inspect dataplane web-1 --type=stats\n\n"
      "# What would change if policies in shadow mode were real\n"
      "kumactl inspect dataplane web-1 --type=config --shadow --include=diff";
  command.args = "NAME";
  command.min_args = command.max_args = 1;
  command.flags = {
      {.name = "type",
       .default_value = "policies",
       .help = "inspection type",
       .choices = {"policies", "config-dump", "stats", "clusters", "config"}},
      {.name = "config-dump",
       .type = cli::FlagType::kBool,
       .help = "if set then the command returns envoy config dump for provided dataplane",
       .hidden = true,
       .deprecated = "use --type=config-dump"},
      {.name = "include-eds", .type = cli::FlagType::kBool, .help = "include EDS when dumping envoy config for dataplane"},
      MeshFlag(environment),
      {.name = "shadow", .type = cli::FlagType::kBool, .help = "take into account policies with 'kuma.io/effect: shadow' label"},
      {.name = "include",
       .type = cli::FlagType::kStringList,
       .value_name = "FIELD",
       .help = "extra fields to include in the response: diff adds the difference to the current configuration as JSONPatch"},
  };
  command.complete = NamesOf(environment, "dataplane");
  command.run = Runs(environment, RunDataplane);
  return command;
}

cli::Command MakeInspectZoneProxyCommand(const EnvironmentPtr& environment, const std::string& name) {
  const bool ingress = name == "zoneingress";
  cli::Command command;
  command.name = name;
  command.aliases = {ingress ? "zone-ingress" : "zone-egress"};
  command.summary = ingress ? "What one zone ingress is configured with" : "What one zone egress is configured with";
  command.example = "kumactl inspect " + name + " east-1 --type=clusters";
  command.args = "NAME";
  command.min_args = command.max_args = 1;
  command.flags = {
      {.name = "type", .default_value = "config-dump", .help = "inspection type", .choices = {"config-dump", "stats", "clusters"}},
      {.name = "config-dump",
       .type = cli::FlagType::kBool,
       .help = "the same as --type=config-dump",
       .hidden = true,
       .deprecated = "use --type=config-dump"},
      {.name = "include-eds", .type = cli::FlagType::kBool, .help = "include EDS when dumping envoy config"},
  };
  command.complete = NamesOf(environment, name);
  const std::string path = ingress ? "zoneingresses" : "zoneegresses";
  command.run = Runs(environment, [path](Session& session) { return Inspect(session, ApiPath({path, session.invocation().Arg(0)})); });
  return command;
}

}  // namespace kuma::kumactl
