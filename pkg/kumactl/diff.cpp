// kumactl diff: what `kumactl apply` of the same files would change.
#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/documents.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"
#include "pkg/model/document.h"

namespace kuma::kumactl {
namespace {

constexpr size_t kMaxLines = 4000;  // the table of the comparison grows with the square

Result<Resource> Decoded(const Json& document, const TypeRegistry& types) {
  Result<Resource> resource = FromDocument(document, types);
  if (!resource) return WithoutRepetition(resource.error());
  return resource;
}

// The normal form of what users write: no times, no status, durations as the server prints them.
Json NormalForm(const Resource& resource, const TypeRegistry& types) {
  Json normal = ToDocument(resource, types);
  for (const char* key : {"creationTime", "modificationTime", "kri", "status"}) normal.erase(key);
  return normal;
}

// Does to the file's resource what the control plane would do to it when it is written (zone tags of a Dataplane).
Status Prepare(Session& session, const Identity& identity, const Resource& server, Resource& resource) {
  if (!identity.type->prepare) return Ok();
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  WriteContext context;
  context.old = &server;
  context.zone = std::string(server.Label(kZoneLabel));
  Resource mesh;
  if (!identity.mesh.empty()) {
    KUMA_TRY_ASSIGN(const Json document, api->GetJson(ApiPath({"meshes", identity.mesh})));
    KUMA_TRY_ASSIGN(mesh, Decoded(document, session.Types()));
    context.mesh = &mesh;
  }
  identity.type->prepare(resource, context);
  return Ok();
}

// Labels that the control plane computes are no difference when the file does not set them.
void DropComputedLabels(Json& server, const Json& file) {
  if (!Get(server, "labels").is_object()) return;
  std::vector<std::string> computed;
  for (const auto& [key, value] : server["labels"].items()) {
    const bool reserved = key.rfind("kuma.io/", 0) == 0 || key.rfind("k8s.kuma.io/", 0) == 0;
    if (reserved && Get(Get(file, "labels"), key).is_null()) computed.push_back(key);
  }
  for (const std::string& key : computed) server["labels"].erase(key);
  if (server["labels"].empty()) server.erase("labels");
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines = Split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// Lines with " ", "-" or "+" in front, by the longest common subsequence.
std::vector<std::string> DiffLines(const std::vector<std::string>& before, const std::vector<std::string>& after) {
  const size_t rows = before.size();
  const size_t columns = after.size();
  std::vector<std::vector<uint32_t>> common(rows + 1, std::vector<uint32_t>(columns + 1, 0));
  for (size_t i = rows; i-- > 0;) {
    for (size_t j = columns; j-- > 0;) {
      common[i][j] = before[i] == after[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::vector<std::string> lines;
  size_t i = 0;
  size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && before[i] == after[j]) {
      lines.push_back(" " + before[i++]);
      ++j;
    } else if (i < rows && (j == columns || common[i + 1][j] >= common[i][j + 1])) {
      lines.push_back("-" + before[i++]);
    } else {
      lines.push_back("+" + after[j++]);
    }
  }
  return lines;
}

// Whether it differs from the server.
Result<bool> DiffOne(Session& session, const Document& document) {
  KUMA_TRY_ASSIGN(const Json value, document.value);
  KUMA_TRY_ASSIGN(const Identity identity, IdentityOf(value, session.Types(), session.invocation().GetString("mesh")));
  Json wanted = value;
  if (!identity.mesh.empty()) wanted["mesh"] = identity.mesh;
  KUMA_TRY_ASSIGN(Resource resource, Decoded(wanted, session.Types()));
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const Result<Json> found = api->GetJson(ItemPath(*identity.type, identity.mesh, identity.name));
  if (!found && found.error().code != ErrorCode::kNotFound) return found.error();
  Json server;
  if (found) {
    KUMA_TRY_ASSIGN(const Resource stored, Decoded(*found, session.Types()));
    KUMA_TRY(Prepare(session, identity, stored, resource));
    server = NormalForm(stored, session.Types());
  }
  const Json file = NormalForm(resource, session.Types());
  if (found) {
    DropComputedLabels(server, file);
    if (server == file) return false;
  }
  const std::vector<std::string> before = found ? Lines(DocumentYaml(server)) : std::vector<std::string>();
  const std::vector<std::string> after = Lines(DocumentYaml(file));
  const std::string what = identity.type->name + " " + (identity.mesh.empty() ? "" : identity.mesh + "/") + identity.name;
  session.out() << "--- " << (found ? "server " + what : "(not on the server)") << "\n+++ " << document.source << " " << what << "\n";
  if (before.size() > kMaxLines || after.size() > kMaxLines) {
    session.out() << "(more than " << kMaxLines << " lines: they differ)\n";
    return true;
  }
  for (const std::string& line : DiffLines(before, after)) session.out() << line << "\n";
  return true;
}

Result<int> RunDiff(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  KUMA_TRY_ASSIGN(const std::vector<Document> documents,
                  ReadDocuments({invocation.GetList("file"), invocation.GetMap("var"), invocation.in(), session.transport()}));
  KUMA_TRY(session.CheckServer());
  bool different = false;
  bool failed = false;
  for (const Document& document : documents) {
    const Result<bool> result = DiffOne(session, document);
    if (!result && result.error().code == ErrorCode::kUnavailable) return result.error();
    if (!result) {
      failed = true;
      session.err() << "resource[" << document.index << "]: " << ViolationLines(result.error()) << "\n";
    } else if (*result) {
      different = true;
    }
  }
  if (failed) return 2;
  return different ? 1 : 0;
}

}  // namespace

cli::Command MakeDiffCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "diff";
  command.summary = "Show what applying files would change";
  command.help = "Show what applying files would change. The exit code is 0 without differences, 1 with some, 2 on errors.";
  command.example = "kumactl diff -f resources/ || kumactl apply -f resources/";
  command.flags = {
      {.name = "file",
       .shorthand = "f",
       .type = cli::FlagType::kStringArray,
       .value_name = "PATH",
       .help = "file, folder, URL or \"-\" for standard input; repeatable",
       .required = true},
      {.name = "var",
       .shorthand = "v",
       .type = cli::FlagType::kStringMap,
       .value_name = "KEY=VALUE",
       .help = "variable to replace in the files"},
      {.name = "mesh", .shorthand = "m", .value_name = "MESH", .help = "mesh of documents that name none"},
  };
  command.run = Runs(environment, RunDiff, 2);
  return command;
}

}  // namespace kuma::kumactl
