#include "pkg/kumactl/dry_run.h"

#include "pkg/base/strings.h"
#include "pkg/kumactl/output.h"

namespace kuma::kumactl {
namespace {

constexpr size_t kInlineValue = 60;  // longer values get lines of their own
constexpr size_t kNamedProxies = 5;

std::string Indented(const std::string& text, const std::string& prefix) {
  std::string out;
  for (const std::string& line : Split(text, '\n')) {
    if (!line.empty()) out += prefix + line + "\n";
  }
  return out;
}

std::string Plain(const Json& value) { return value.is_string() ? value.get<std::string>() : ToJsonText(value); }

bool IsShort(const Json& value) {
  return (!value.is_structured() || value.empty()) && Plain(value).size() <= kInlineValue && !Contains(Plain(value), "\n");
}

// Envoy's long names say nothing new at every field.
std::string ReadablePath(std::string path) {
  for (const char* prefix : {"envoy.filters.network.", "envoy.filters.http.", "envoy.filters.listener."})
    path = ReplaceAll(std::move(path), prefix, "");
  return ReplaceAll(std::move(path), "].typed_config.", "].");
}

void PrintField(std::ostream& out, const Json& field) {
  const std::string path = ReadablePath(GetString(field, "path"));
  const auto before = field.find("before");
  const auto after = field.find("after");
  const bool has_before = before != field.end();
  const bool has_after = after != field.end();
  if ((!has_before || IsShort(*before)) && (!has_after || IsShort(*after))) {
    if (has_before && has_after) {
      out << "    " << path << ": " << Plain(*before) << " -> " << Plain(*after) << "\n";
    } else {
      out << "  " << (has_after ? "+ " : "- ") << path << ": " << Plain(has_after ? *after : *before) << "\n";
    }
    return;
  }
  out << "    " << path << ":\n";
  if (has_before) out << Indented(ToYaml(*before), "  -   ");
  if (has_after) out << Indented(ToYaml(*after), "  +   ");
}

void PrintResource(std::ostream& out, const Json& resource) {
  const std::string change = GetString(resource, "change");
  const char* mark = change == "added" ? "+" : change == "removed" ? "-" : "~";
  out << "\n  " << mark << " " << GetString(resource, "kind") << " " << GetString(resource, "name")
      << (change == "changed" ? "" : "  (" + change + ")") << "\n";
  for (const Json& field : Get(resource, "fields")) PrintField(out, field);
  if (change == "added") out << Indented(ToYaml(Get(resource, "after")), "  +   ");
  if (change == "removed") out << Indented(ToYaml(Get(resource, "before")), "  -   ");
}

// "web-1, web-2 and 7 more of mesh default"
std::string ProxiesText(const Json& proxies) {
  std::vector<std::string> names;
  std::string mesh;
  size_t offline = 0;
  for (const Json& proxy : proxies) {
    const std::string change = GetString(proxy, "change");
    if (names.size() < kNamedProxies) names.push_back(GetString(proxy, "name") + (change == "changed" ? "" : " (" + change + ")"));
    if (!GetBool(proxy, "connected")) ++offline;
    mesh = GetString(proxy, "mesh");
  }
  std::string text = Join(names, ", ");
  if (proxies.size() > names.size()) text += " and " + std::to_string(proxies.size() - names.size()) + " more";
  text += "  (mesh " + mesh;
  if (offline == proxies.size()) {
    text += ", not connected";
  } else if (offline > 0) {
    text += ", " + std::to_string(offline) + " not connected";
  }
  return text + ")";
}

std::string Counted(int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string Subject(const Json& change) {
  return GetString(change, "type") + " " + (Get(change, "mesh").is_null() ? std::string() : GetString(change, "mesh") + "/") +
         GetString(change, "name");
}

void PrintRefusals(std::ostream& err, const Json& answer) {
  for (const Json& change : Get(answer, "changes")) {
    const Json& error = Get(change, "error");
    if (error.is_null()) continue;
    err << Subject(change) << ": " << GetString(error, "title") << " (" << GetString(error, "detail") << ")\n";
    for (const Json& parameter : Get(error, "invalid_parameters"))
      err << "* " << GetString(parameter, "field") << ": " << GetString(parameter, "reason") << "\n";
  }
}

}  // namespace

Json PutChange(Json resource) { return {{"op", "put"}, {"resource", std::move(resource)}}; }

Json DeleteChange(const std::string& type, const std::string& mesh, const std::string& name) {
  Json change = {{"op", "delete"}, {"type", type}, {"name", name}};
  if (!mesh.empty()) change["mesh"] = mesh;
  return change;
}

std::vector<cli::Flag> DryRunFlags(bool with_client) {
  cli::Flag mode{
      .name = "dry-run",
      .value_name = with_client ? "client|server" : "server",
      .help = with_client ? "change nothing: client replaces variables, checks and prints; server asks the control plane\nwhether it would "
                            "accept the resources"
                          : "change nothing: ask the control plane whether it would do it",
      .choices = with_client ? std::vector<std::string>{"client", "server", "true", "false"} : std::vector<std::string>{"server", "false"}};
  mode.bare_value = with_client ? "client" : "server";
  return {mode,
          {.name = "diff",
           .type = cli::FlagType::kBool,
           .help = "with --dry-run=server: which proxies would change, and the difference of their Envoy configuration;\nexit code 0 "
                   "without differences, 1 with some, 2 on errors"},
          {.name = "output",
           .shorthand = "o",
           .value_name = "FORMAT",
           .default_value = "text",
           .help = "of --dry-run=server",
           .choices = {"text", "json", "yaml"}}};
}

Status CheckDryRunFlags(const cli::Invocation& invocation) {
  const bool server = invocation.GetString("dry-run") == "server";
  if (server) return Ok();
  if (invocation.GetBool("diff")) return Invalid("flag '--diff' can be used only with '--dry-run=server'");
  if (invocation.IsSet("output")) return Invalid("flag '--output' can be used only with '--dry-run=server'");
  return Ok();
}

void PrintDryRun(std::ostream& out, const Json& answer, bool diff) {
  int64_t accepted = 0;
  int64_t refused = 0;
  for (const Json& change : Get(answer, "changes")) {
    const std::string result = GetString(change, "result");
    (result == "refused" ? refused : accepted) += 1;
    out << Subject(change) << " " << result << " (server dry run)\n";
    for (const Json& warning : Get(change, "warnings")) {
      if (warning.is_string()) out << "  Warning: " << warning.get<std::string>() << "\n";
    }
  }
  const Json& proxies = Get(answer, "proxies");
  if (!diff) return;
  for (const Json& group : Get(answer, "differences")) {
    out << "\n" << ProxiesText(Get(group, "proxies")) << "\n";
    for (const Json& proxy : Get(group, "proxies")) {
      if (!Get(proxy, "error").is_null()) out << "  ! " << GetString(proxy, "name") << ": " << GetString(proxy, "error") << "\n";
    }
    for (const Json& resource : Get(group, "resources")) PrintResource(out, resource);
  }
  out << "\n" << Counted(accepted, "change", "changes") << " accepted, " << refused << " refused. ";
  if (proxies.is_null()) {
    out << "This control plane serves no proxies.";
  } else {
    const int64_t changed = GetInt(proxies, "changed");
    out << changed << " of " << Counted(GetInt(proxies, "examined"), "proxy", "proxies") << " would change.";
    if (const int64_t left = GetInt(proxies, "left"); left > 0) out << " " << left << " more were not looked at: the time was over.";
    if (const int64_t hidden = GetInt(proxies, "withoutDetails"); hidden > 0)
      out << " " << hidden << " of them are not shown: the answer would get too large.";
  }
  out << " Nothing was stored.\n";
}

Result<int> DryRunOnServer(Session& session, std::vector<Json> changes) {
  const cli::Invocation& invocation = session.invocation();
  const bool diff = invocation.GetBool("diff");
  const bool strict = invocation.command().name == "apply" && invocation.GetBool("strict");  // delete has no fields
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const Result<io::HttpResponse> response =
      api->Call({.method = "POST",
                 .path = "/_dry-run",
                 .query = {{"fieldValidation", strict ? "Strict" : "Warn"}, {"diff", diff ? "true" : "false"}},
                 .body = ToJsonText({{"changes", std::move(changes)}})});
  if (!response) {
    if (response.error().code != ErrorCode::kNotFound) return response.error();
    return NotFound("the control plane cannot do dry runs: it has no /_dry-run");
  }
  KUMA_TRY_ASSIGN(const Json answer, ParseJson(response->body));
  const std::string format = invocation.GetString("output");
  if (format == "text") {
    PrintDryRun(session.out(), answer, diff);
  } else {
    session.out() << (format == "yaml" ? ToYaml(answer) : DocumentJson(answer));
  }
  PrintRefusals(session.err(), answer);
  if (!GetBool(answer, "valid")) return diff ? 2 : 1;
  return diff && GetInt(Get(answer, "proxies"), "changed") > 0 ? 1 : 0;
}

}  // namespace kuma::kumactl
