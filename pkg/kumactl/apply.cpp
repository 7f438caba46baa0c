// kumactl apply: every document is tried, every failure is told, any failure makes the exit code 1.
#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/documents.h"
#include "pkg/kumactl/dry_run.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"
#include "pkg/model/document.h"

namespace kuma::kumactl {

Result<Identity> IdentityOf(const Json& document, const TypeRegistry& types, const std::string& mesh) {
  if (!document.is_object()) return Invalid("a resource must be an object with type and name");
  if (Get(document, "apiVersion").is_string() && Get(document, "kind").is_string()) {
    return Invalid("this is a Kubernetes object (apiVersion " + GetString(document, "apiVersion") +
                   "); apply it with `kubectl apply`, or write it as type: " + GetString(document, "kind") + ", name: …");
  }
  const std::string type_name = GetString(document, "type");
  if (type_name.empty())
    return Invalid("type: cannot be empty; a resource begins with \"type: Mesh\" or another of `kumactl api-resources`");
  Identity identity;
  identity.type = types.Find(type_name);
  if (identity.type == nullptr) {
    std::vector<std::string> names;
    for (const TypeDescriptor* type : types.All()) names.push_back(type->name);
    const std::string near = NearestName(type_name, names);
    return Invalid("invalid resource type \"" + type_name + "\"" + (near.empty() ? std::string() : ". Did you mean \"" + near + "\"?"));
  }
  identity.name = GetString(document, "name");
  if (identity.name.empty()) return Invalid("name: cannot be empty");
  if (identity.type->scope == Scope::kMesh) {
    identity.mesh = GetString(document, "mesh", mesh);
    if (identity.mesh.empty()) return Invalid("mesh: cannot be empty; add \"mesh: default\" to the document or use --mesh");
  }
  return identity;
}

namespace {

std::string Describe(const Identity& identity) {
  return "resource type=\"" + identity.type->name + "\" mesh=\"" + identity.mesh + "\" name=\"" + identity.name + "\"";
}

// What a control plane would say about the document on its own; checks against other resources are the server's.
// `unknown` gets the fields that are not known.
Status CheckLocally(const Json& document, const TypeRegistry& types, std::vector<Violation>& unknown) {
  Result<Resource> decoded = FromDocument(document, types, &unknown);
  if (!decoded) return WithoutRepetition(decoded.error());
  const Resource resource = *std::move(decoded);
  ValidationContext context;
  context.types = &types;
  std::vector<Violation> violations = Validate(resource, *types.Find(resource.meta.type()), context);
  if (!violations.empty()) return WithoutRepetition(ViolationsError(std::move(violations)));
  return Ok();
}

class Applier {
 public:
  Applier(Session& session, std::vector<Document> documents) : session_(session), documents_(std::move(documents)) {}

  Result<int> Run(bool dry_run) {
    if (!dry_run) KUMA_TRY(session_.CheckServer());
    size_t failed = 0;
    for (const Document& document : documents_) {
      const Status status = dry_run ? Print(document) : Write(document);
      if (status) continue;
      ++failed;
      if (status.error().code == ErrorCode::kUnavailable) return status.error();
      session_.err() << ViolationLines(status.error()) << "\n";
    }
    if (failed == 0) return 0;
    if (documents_.size() == 1) {
      session_.err() << "Error: the resource was not applied\n";
    } else {
      session_.err() << "Error: " << failed << " of " << documents_.size() << " resources were not applied\n";
    }
    return 1;
  }

  // All documents in one question, so that they count together.
  Result<int> RunOnServer() {
    std::vector<Json> changes;
    size_t broken = 0;
    for (const Document& document : documents_) {
      const Result<Identity> identity = Identify(document);
      if (identity) {
        changes.push_back(PutChange(Complete(document, *identity)));
        continue;
      }
      ++broken;
      session_.err() << ViolationLines(identity.error()) << "\n";
    }
    const int failed = session_.invocation().GetBool("diff") ? 2 : 1;
    if (changes.empty()) return failed;
    KUMA_TRY_ASSIGN(const int code, DryRunOnServer(session_, std::move(changes)));
    return broken > 0 ? failed : code;
  }

 private:
  // "resource[1]: " and, when there are several files, where it is.
  Error At(const Document& document, Error error) const {
    std::string where = "resource[" + std::to_string(document.index) + "]";
    if (document.source != documents_.front().source || document.source != documents_.back().source) where += " of " + document.source;
    error.message = where + ": failed to parse resource: " + error.ToString();
    error.path.clear();
    return error;
  }

  Result<Identity> Identify(const Document& document) {
    if (!document.value) return At(document, document.value.error());
    Result<Identity> identity = IdentityOf(*document.value, session_.Types(), session_.invocation().GetString("mesh"));
    if (!identity) return At(document, identity.error());
    return identity;
  }

  Json Complete(const Document& document, const Identity& identity) const {
    Json json = *document.value;
    if (!identity.mesh.empty()) json["mesh"] = identity.mesh;
    return json;
  }

  Status Print(const Document& document) {
    KUMA_TRY_ASSIGN(const Identity identity, Identify(document));
    const Json json = Complete(document, identity);
    std::vector<Violation> unknown;
    if (Status status = CheckLocally(json, session_.Types(), unknown); !status) return Failed(identity, status.error(), "failed validation");
    if (!unknown.empty() && IsStrict()) return Failed(identity, WithoutRepetition(ViolationsError(std::move(unknown))), "failed validation");
    for (const Violation& field : unknown) session_.err() << "Warning: " << field.field << ": " << field.message << "\n";
    session_.out() << (printed_ ? "---\n" : "") << DocumentYaml(json);
    printed_ = true;
    return Ok();
  }

  Status Write(const Document& document) {
    KUMA_TRY_ASSIGN(const Identity identity, Identify(document));
    KUMA_TRY_ASSIGN(ApiClient * api, session_.Api());
    // Control planes that know fieldValidation name unknown fields in their warnings; others ignore it.
    const ApiCall call{.method = "PUT",
                       .path = ItemPath(*identity.type, identity.mesh, identity.name),
                       .query = {{"fieldValidation", IsStrict() ? "Strict" : "Warn"}},
                       .body = ToJsonText(Complete(document, identity))};
    const Result<io::HttpResponse> response = api->Call(call);
    if (!response) return Failed(identity, response.error(), "failed server side");
    session_.out() << Describe(identity) << (response->status == 201 ? " Created" : " Updated") << "\n";
    if (const Result<Json> body = ParseJson(response->body); body) {
      for (const Json& warning : Get(*body, "warnings")) {
        if (warning.is_string()) session_.err() << "Warning: " << warning.get<std::string>() << "\n";
      }
    }
    return Ok();
  }

  bool IsStrict() const { return session_.invocation().GetBool("strict"); }

  static Error Failed(const Identity& identity, Error error, const char* how) {
    error.message = Describe(identity) + ": " + how + ": " + error.message;
    return error;
  }

  Session& session_;
  const std::vector<Document> documents_;
  bool printed_ = false;
};

}  // namespace

cli::Command MakeApplyCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "apply";
  command.summary = "Create or modify Kuma resources";
  command.example =
      "# A file, several files, a folder, an address, standard input\n"
      "kumactl apply -f resource.yaml\n"
      "kumactl apply -f mesh.yaml -f policies/\n"
      "kumactl apply -f https://example.com/resource.yaml\n"
      "echo '{type: Mesh, name: demo}' | kumactl apply -f -\n\n"
      "# {{ name }} in the files is replaced\n"
      "kumactl apply -f dataplane.yaml -v name=web-1,port=8080\n\n"
      "# Only check and print\n"
      "kumactl apply -f resource.yaml --dry-run\n\n"
      "# Which proxies would change, and how, before anything is stored\n"
      "kumactl apply -f policies/ --dry-run=server --diff";
  command.flags = {
      {.name = "file",
       .shorthand = "f",
       .type = cli::FlagType::kStringArray,
       .value_name = "PATH",
       .help = "file, folder (its .yaml, .yml and .json files), URL or \"-\" for standard input; repeatable",
       .required = true},
      {.name = "var",
       .shorthand = "v",
       .type = cli::FlagType::kStringMap,
       .value_name = "KEY=VALUE",
       .help = "variable to replace in the files"},
      {.name = "mesh", .shorthand = "m", .value_name = "MESH", .help = "mesh of documents that name none"},
      {.name = "strict", .type = cli::FlagType::kBool, .help = "fields that are not known are errors, not warnings"},
  };
  for (cli::Flag& flag : DryRunFlags(true)) command.flags.push_back(std::move(flag));
  command.run = Runs(environment, [](Session& session) -> Result<int> {
    const cli::Invocation& invocation = session.invocation();
    KUMA_TRY(CheckDryRunFlags(invocation));
    const std::string dry_run = invocation.GetString("dry-run");
    KUMA_TRY_ASSIGN(std::vector<Document> documents,
                    ReadDocuments({invocation.GetList("file"), invocation.GetMap("var"), invocation.in(), session.transport()}));
    Applier applier(session, std::move(documents));
    return dry_run == "server" ? applier.RunOnServer() : applier.Run(dry_run == "client" || dry_run == "true");
  });
  return command;
}

}  // namespace kuma::kumactl
