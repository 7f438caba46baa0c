// kumactl export: the resources of a control plane as one YAML stream that another one takes with `kumactl apply -f -`.
#include <algorithm>
#include <optional>

#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"

namespace kuma::kumactl {
namespace {

bool IsFederation(const std::string& profile) { return profile == "federation" || profile == "federation-with-policies"; }

bool Wanted(const Json& type, const TypeDescriptor& known, const std::string& profile, bool include_admin) {
  if (known.admin_only && !IsFederation(profile) && !include_admin) return false;
  if (profile == "no-dataplanes") return known.name != "Dataplane" && known.name != "DataplaneInsight";
  if (!IsFederation(profile)) return true;
  if (!GetBool(type, "includeInFederation")) return false;
  if (profile == "federation-with-policies") return true;
  return !GetBool(Get(type, "policy"), "isTargetRef") && known.name != "MeshGateway";
}

// Meshes come first, their secrets next; global secrets last, since they may change how kumactl has to authenticate.
int OrderOf(const std::string& type) {
  if (type == "Mesh") return 0;
  if (type == "Secret") return 1;
  return type == "GlobalSecret" ? 99 : 50;
}

// The authority of a mesh keeps its key on the other side: its secrets are exported and named.
void MakeBackendsProvided(Json& mesh) {
  mesh["skipCreatingInitialPolicies"] = Json::array({"*"});
  if (!Get(mesh, "mtls").is_object() || !Get(mesh["mtls"], "backends").is_array()) return;
  const std::string prefix = GetString(mesh, "name") + ".ca-builtin-";
  bool replaced = false;
  for (Json& backend : mesh["mtls"]["backends"]) {
    if (GetString(backend, "type") != "builtin") continue;
    const std::string name = GetString(backend, "name");
    backend["type"] = "provided";
    backend["conf"] = {{"cert", {{"secret", prefix + "cert-" + name}}}, {"key", {{"secret", prefix + "key-" + name}}}};
    replaced = true;
  }
  if (replaced) mesh["mtls"]["skipValidation"] = true;
}

Result<std::vector<const TypeDescriptor*>> TypesToExport(Session& session, const std::string& profile) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const Json answer, api->GetJson("/_resources"));
  std::vector<const TypeDescriptor*> types;
  std::vector<std::string> unknown;
  for (const Json& item : Get(answer, "resources")) {
    const TypeDescriptor* type = session.Types().Find(GetString(item, "name"));
    if (type == nullptr) {
      unknown.push_back(GetString(item, "name"));
    } else if (Wanted(item, *type, profile, session.invocation().GetBool("include-admin"))) {
      types.push_back(type);
    }
  }
  std::stable_sort(types.begin(), types.end(), [](const auto* a, const auto* b) { return OrderOf(a->name) < OrderOf(b->name); });
  if (!unknown.empty()) {
    const std::string text = "The following types won't be exported because they are unknown to kumactl: " + Join(unknown, ",");
    session.out() << "# " << text << "\n";
    session.err() << "WARNING: " << text << ". Are you using a compatible version of kumactl?\n";
  }
  return types;
}

struct Export {
  std::vector<Json> meshes;
  std::vector<Json> others;
  std::vector<Json> last;

  void Add(const TypeDescriptor& type, Json document) {
    const std::string name = GetString(document, "name");
    if (type.name == "Mesh") {
      MakeBackendsProvided(document);
      meshes.push_back(std::move(document));
    } else if (type.name == "GlobalSecret" && (name == "envoy-admin-ca" || name == "inter-cp-ca")) {
      return;  // another control plane's would break its TLS
    } else if (type.name == "GlobalSecret" && name.rfind("user-token-signing-key", 0) == 0) {
      last.push_back(std::move(document));
    } else {
      others.push_back(std::move(document));
    }
  }
};

// What a new control plane of all zones must not take as its own.
void ForgetOrigin(Json& labels_owner, const char* member) {
  if (!Get(labels_owner, member).is_object()) return;
  labels_owner[member].erase(std::string(kOriginLabel));
  if (labels_owner[member].empty()) labels_owner.erase(member);
}

void PrintUniversal(Session& session, Json document, const std::string& profile) {
  if (IsFederation(profile)) ForgetOrigin(document, "labels");
  session.out() << "---\n" << DocumentYaml(document);
}

// The object that stands for the resource in a cluster, as the control plane writes it; nothing: it is not for another cluster. Only the
// spec of a mesh is that of `document`, whose authorities were changed.
Result<std::optional<Json>> ClusterObject(Session& session, const Json& document, const std::string& profile) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const TypeDescriptor& type = *session.Types().Find(GetString(document, "type"));
  KUMA_TRY_ASSIGN(Json object, api->GetJson(ItemPath(type, GetString(document, "mesh"), GetString(document, "name")), {{"format", "kubernetes"}}));
  if (const Json& ns = Get(Get(object, "metadata"), "namespace"); profile != "all" && ns.is_string() && ns != session.invocation().GetString("system-namespace")) {
    return std::optional<Json>{};
  }
  if (object.contains("metadata")) {
    Json& metadata = object["metadata"];
    for (const char* member : {"resourceVersion", "ownerReferences", "uid", "generation", "managedFields"}) metadata.erase(member);
    if (IsFederation(profile)) {
      ForgetOrigin(metadata, "labels");
      ForgetOrigin(metadata, "annotations");
    }
  }
  if (type.name == "Mesh") {
    Json spec = document;
    for (const char* member : {"type", "name", "labels", "creationTime", "modificationTime", "kri"}) spec.erase(member);
    object["spec"] = std::move(spec);
  }
  return std::optional<Json>(std::move(object));
}

Result<int> RunExport(Session& session) {
  const std::string profile = session.invocation().GetString("profile");
  const bool kubernetes = session.invocation().GetString("format") == "kubernetes";
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const Json index, api->GetJson("/"));
  session.out() << "# Product: " << GetString(index, "product") << ", Version: " << GetString(index, "version")
                << ", Hostname: " << GetString(index, "hostname") << ", ClusterId: " << GetString(index, "clusterId")
                << ", InstanceId: " << GetString(index, "instanceId") << "\n";
  KUMA_TRY_ASSIGN(const std::vector<const TypeDescriptor*> types, TypesToExport(session, profile));
  KUMA_TRY_ASSIGN(const ApiList meshes, api->ListAll("/meshes"));
  Export result;
  for (const TypeDescriptor* type : types) {
    std::vector<std::string> where = {""};
    if (type->scope == Scope::kMesh) {
      where.clear();
      for (const Json& mesh : meshes.items) where.push_back(GetString(mesh, "name"));
    }
    for (const std::string& mesh : where) {
      KUMA_TRY_ASSIGN(ApiList list, api->ListAll(ListPath(*type, mesh)));
      for (Json& item : list.items) result.Add(*type, std::move(item));
    }
  }
  for (std::vector<Json>* group : {&result.meshes, &result.others, &result.last}) {
    for (Json& document : *group) {
      if (!kubernetes) {
        PrintUniversal(session, std::move(document), profile);
        continue;
      }
      KUMA_TRY_ASSIGN(const std::optional<Json> object, ClusterObject(session, document, profile));
      if (object.has_value()) session.out() << "---\n" << DocumentYaml(*object);
    }
  }
  return 0;
}

}  // namespace

cli::Command MakeExportCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "export";
  command.summary = "Export Kuma resources as YAML for another control plane";
  command.help =
      "Export Kuma resources as YAML for another control plane. Profiles: federation (what a new global control plane needs),\n"
      "federation-with-policies, all, no-dataplanes. Builtin authorities of meshes become provided ones, with their keys.";
  command.example = "kumactl export --profile federation > resources.yaml\nkumactl --context=global apply -f resources.yaml";
  command.flags = {
      {.name = "profile",
       .shorthand = "p",
       .default_value = "federation",
       .help = "what to export",
       .choices = {"all", "federation", "federation-with-policies", "no-dataplanes"}},
      {.name = "format",
       .shorthand = "f",
       .default_value = "universal",
       .help = "policy format output",
       .choices = {"universal", "kubernetes"}},
      {.name = "system-namespace",
       .shorthand = "n",
       .default_value = "kuma-system",
       .help = "namespace in which control-plane was installed"},
      {.name = "include-admin",
       .shorthand = "a",
       .type = cli::FlagType::kBool,
       .help = "include admin resource types (like secrets); federation profiles always do"},
  };
  command.run = Runs(environment, RunExport);
  return command;
}

}  // namespace kuma::kumactl
