// kumactl lint (files) and kumactl analyze (a control plane): one engine, pkg/analysis, over a list of resources.
#include <algorithm>

#include "pkg/analysis/analyze.h"
#include "pkg/analysis/load.h"
#include "pkg/base/strings.h"
#include "pkg/config/yaml_lines.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/documents.h"
#include "pkg/kumactl/findings.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"
#include "pkg/model/document.h"

namespace kuma::kumactl {

namespace {

using analysis::Finding;
using analysis::Severity;

// Line of a path in the document; of the nearest parent that is written.
int LineOf(const Document& document, std::string path) {
  const std::map<std::string, int> lines = config::YamlKeyLines(document.text);
  std::string prefix;
  if (document.item >= 0) {
    const std::string item = "[" + std::to_string(document.item) + "]";
    prefix = lines.contains("items" + item) ? "items" + item : item;
    path = path.empty() ? prefix : prefix + "." + path;
  }
  for (;;) {
    if (const auto found = lines.find(path); found != lines.end()) return document.line + found->second - 1;
    const size_t cut = path.find_last_of(".[");
    if (cut == std::string::npos || cut < prefix.size()) break;
    path.resize(cut);
  }
  int first = 0;
  for (const auto& [key, line] : lines) {
    if (prefix.empty() || key.starts_with(prefix)) first = first == 0 ? line : std::min(first, line);
  }
  return document.line + std::max(first, 1) - 1;
}

std::vector<PlacedFinding> LintDocuments(const std::vector<Document>& documents, const TypeRegistry& types,
                                         const analysis::LoadOptions& options, bool complete, Status& status) {
  std::vector<PlacedFinding> placed;
  std::vector<Json> values;
  std::vector<const Document*> sources;
  for (const Document& document : documents) {
    if (document.value) {
      values.push_back(*document.value);
      sources.push_back(&document);
    } else {
      placed.push_back({{"invalid-resource", Severity::kError, {}, "", document.value.error().ToString()}, document.source, document.line});
    }
  }
  const Result<analysis::Loaded> loaded = analysis::Load(values, types, options);
  if (!loaded) {
    status = loaded.error();
    return placed;
  }
  for (const analysis::LoadFinding& one : loaded->findings) {
    const Document& document = *sources[one.document];
    placed.push_back({one.finding, document.source, LineOf(document, one.finding.path)});
  }
  const analysis::AnalysisInput input{
      .resources = loaded->resources, .types = types, .zone = options.zone, .subjects = loaded->Subjects(), .complete = complete};
  if (!input.subjects.empty()) {
    for (const Finding& finding : analysis::Analyze(input)) {
      const Document& document = *sources[loaded->documents.at(finding.resource)];
      placed.push_back({finding, document.source, LineOf(document, finding.path)});
    }
  }
  std::stable_sort(placed.begin(), placed.end(), [&](const PlacedFinding& a, const PlacedFinding& b) {
    return std::tie(a.file, a.line, b.finding.severity) < std::tie(b.file, b.line, a.finding.severity);
  });
  return placed;
}

// Everything of the control plane that the analysis reads. Types that it does not serve are not there.
struct Fetched {
  std::vector<ResourcePtr> resources;
  bool secrets_known = true;
};

Result<Fetched> Fetch(Session& session, const std::vector<std::string>& meshes) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  Fetched fetched;
  const auto add = [&](const TypeDescriptor& type, const std::string& path) -> Status {
    const Result<ApiList> list = api->ListAll(path);
    if (!list) {
      if (list.error().code == ErrorCode::kUnavailable) return list.error();
      if (type.name == "Secret") fetched.secrets_known = false;
      return Ok();
    }
    for (const Json& item : list->items) {
      Result<Resource> resource = FromDocument(item, type);
      if (!resource) continue;
      const Json& status = Get(item, "status");
      if (type.has_status && status.is_object()) resource->status = status;
      fetched.resources.push_back(std::make_shared<const Resource>(*std::move(resource)));
    }
    return Ok();
  };
  for (const TypeDescriptor* type : session.Types().All()) {
    if (type->path.empty() || !type->stored || (type->is_insight && type->name != "DataplaneInsight")) continue;
    if (type->scope == Scope::kGlobal) {
      KUMA_TRY(add(*type, ApiPath({type->path})));
    } else {
      for (const std::string& mesh : meshes) KUMA_TRY(add(*type, ApiPath({"meshes", mesh, type->path})));
    }
  }
  return fetched;
}

// The zone that the control plane stands for, as its proxies have it.
std::string ZoneOf(const std::vector<ResourcePtr>& resources) {
  for (const ResourcePtr& resource : resources) {
    if (resource->meta.type() != "Dataplane") continue;
    if (const std::string_view zone = resource->Label(kZoneLabel); !zone.empty()) return std::string(zone);
  }
  return "default";
}

Result<std::vector<PlacedFinding>> AnalyzeServer(Session& session) {
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  std::vector<std::string> meshes;
  if (const std::string mesh = session.invocation().GetString("mesh"); !mesh.empty()) {
    KUMA_TRY(api->GetJson(ApiPath({"meshes", mesh})));
    meshes.push_back(mesh);
  } else {
    KUMA_TRY_ASSIGN(const ApiList list, api->ListAll(ApiPath({"meshes"})));
    for (const Json& item : list.items) meshes.push_back(GetString(item, "name"));
  }
  KUMA_TRY_ASSIGN(Fetched fetched, Fetch(session, meshes));
  // Meshes that were not asked for only lack their resources here.
  std::erase_if(fetched.resources, [&](const ResourcePtr& resource) {
    return resource->meta.type() == "Mesh" && std::find(meshes.begin(), meshes.end(), resource->meta.name()) == meshes.end();
  });
  const analysis::AnalysisInput input{.resources = fetched.resources,
                                      .types = session.Types(),
                                      .zone = ZoneOf(fetched.resources),
                                      .subjects = {},
                                      .secrets_known = fetched.secrets_known,
                                      .complete = true};
  std::vector<PlacedFinding> placed;
  for (Finding& finding : analysis::Analyze(input)) placed.push_back({std::move(finding), "", 0});
  return placed;
}

void KeepWanted(const cli::Invocation& invocation, std::vector<PlacedFinding>& findings) {
  const std::vector<std::string> ignored = invocation.GetList("ignore");
  std::erase_if(findings,
                [&](const PlacedFinding& one) { return std::find(ignored.begin(), ignored.end(), one.finding.rule) != ignored.end(); });
}

// --list-rules and --explain; nothing when neither is given.
Result<std::optional<int>> RunAboutRules(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  std::vector<std::string> names = invocation.GetList("ignore");
  if (invocation.IsSet("explain")) names.push_back(invocation.GetString("explain"));
  for (const std::string& name : names) {
    if (analysis::FindRule(name) != nullptr) continue;
    std::vector<std::string> known;
    for (const analysis::Rule& rule : analysis::Rules()) known.emplace_back(rule.id);
    const std::string near = NearestName(name, known);
    return Invalid("there is no rule \"" + name + "\"" + (near.empty() ? "" : "; did you mean \"" + near + "\"?") +
                   " `kumactl lint --list-rules` shows all");
  }
  if (invocation.GetBool("list-rules")) {
    PrintRules(session.out());
    return std::optional<int>(0);
  }
  if (invocation.IsSet("explain")) {
    PrintRule(session.out(), *analysis::FindRule(invocation.GetString("explain")));
    return std::optional<int>(0);
  }
  return std::optional<int>();
}

int Finish(Session& session, std::vector<PlacedFinding> findings) {
  const cli::Invocation& invocation = session.invocation();
  KeepWanted(invocation, findings);
  PrintFindings(session.out(), invocation.GetString("output"), findings);
  const std::string fail_on = invocation.GetString("fail-on");
  return fail_on == "never" ? 0 : ExitCodeOf(findings, *analysis::ParseSeverity(fail_on));
}

std::vector<std::string> RuleNames() {
  std::vector<std::string> names;
  for (const analysis::Rule& rule : analysis::Rules()) names.emplace_back(rule.id);
  return names;
}

std::vector<cli::Flag> CommonFlags(const char* fail_on) {
  return {
      {.name = "output",
       .shorthand = "o",
       .default_value = "table",
       .help = "output format",
       .choices = {"table", "json", "yaml", "github", "sarif"}},
      {.name = "fail-on",
       .default_value = fail_on,
       .help = "least severity that makes the exit code 1",
       .choices = {"info", "warning", "error", "never"}},
      {.name = "ignore",
       .type = cli::FlagType::kStringList,
       .value_name = "RULE",
       .help = "rules to leave out",
       .complete = [](const cli::Invocation&) { return RuleNames(); }},
      {.name = "list-rules", .type = cli::FlagType::kBool, .help = "print all rules"},
      {.name = "explain",
       .value_name = "RULE",
       .help = "tell what a rule is about",
       .complete = [](const cli::Invocation&) { return RuleNames(); }},
  };
}

}  // namespace

cli::Command MakeLintCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "lint";
  command.summary = "Look for mistakes in resources of files";
  command.help =
      "Reads resources as `apply` does and says what is probably not meant: documents that are invalid, fields that are not known, "
      "policies\n"
      "that never have an effect, references that lead nowhere, permissions that open everything, timeouts that do not fit together. No\n"
      "control plane is needed. What the files do not have is taken for existing elsewhere, unless --complete says that they have all.";
  command.example =
      "kumactl lint -f mesh.yaml -f policies/\n"
      "kumactl lint -f policies/ --fail-on error -o github\n"
      "kumactl lint --explain shadowed-policy";
  command.flags = CommonFlags("warning");
  command.flags.push_back({.name = "file",
                           .shorthand = "f",
                           .type = cli::FlagType::kStringArray,
                           .value_name = "PATH",
                           .help = "file, folder, URL or \"-\" for standard input; repeatable"});
  command.flags.push_back({.name = "var",
                           .shorthand = "v",
                           .type = cli::FlagType::kStringMap,
                           .value_name = "KEY=VALUE",
                           .help = "variable to replace in the files"});
  command.flags.push_back(
      {.name = "mesh", .shorthand = "m", .value_name = "MESH", .default_value = "default", .help = "mesh of documents that name none"});
  command.flags.push_back(
      {.name = "zone", .value_name = "ZONE", .default_value = "default", .help = "zone of the control plane that the files are for"});
  command.flags.push_back({.name = "strict", .type = cli::FlagType::kBool, .help = "unknown fields are errors"});
  command.flags.push_back(
      {.name = "complete", .type = cli::FlagType::kBool, .help = "the files have all that exists: what is not there is missing"});
  command.run = Runs(
      environment,
      [](Session& session) -> Result<int> {
        KUMA_TRY_ASSIGN(const std::optional<int> done, RunAboutRules(session));
        if (done) return *done;
        const cli::Invocation& invocation = session.invocation();
        if (invocation.GetList("file").empty()) return Invalid("name files with -f; `kumactl analyze` looks at a control plane");
        KUMA_TRY_ASSIGN(const std::vector<Document> documents,
                        ReadDocuments({invocation.GetList("file"), invocation.GetMap("var"), invocation.in(), session.transport()}));
        const analysis::LoadOptions options{invocation.GetString("zone"), invocation.GetString("mesh"), invocation.GetBool("strict")};
        Status status = Ok();
        std::vector<PlacedFinding> findings = LintDocuments(documents, session.Types(), options, invocation.GetBool("complete"), status);
        KUMA_TRY(status);
        return Finish(session, std::move(findings));
      },
      2);
  return command;
}

cli::Command MakeAnalyzeCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "analyze";
  command.summary = "Look for mistakes in the resources of a control plane";
  command.help =
      "Reads all resources of the control plane and says what is probably not meant, with the rules of `kumactl lint`, and what proxies\n"
      "could not be given or rejected.";
  command.example = "kumactl analyze\nkumactl analyze --mesh prod -o json\nkumactl analyze --ignore open-permission,deprecated";
  command.flags = CommonFlags("warning");
  command.flags.push_back(
      {.name = "mesh", .shorthand = "m", .value_name = "MESH", .help = "only this mesh", .complete = NamesOf(environment, "Mesh")});
  command.run = Runs(
      environment,
      [](Session& session) -> Result<int> {
        KUMA_TRY_ASSIGN(const std::optional<int> done, RunAboutRules(session));
        if (done) return *done;
        KUMA_TRY_ASSIGN(std::vector<PlacedFinding> findings, AnalyzeServer(session));
        return Finish(session, std::move(findings));
      },
      2);
  return command;
}

}  // namespace kuma::kumactl
