#include "pkg/store/admission.h"

#include "pkg/model/document.h"
#include "pkg/model/names.h"

namespace kuma::store {
namespace {

constexpr int kAttempts = 5;  // against writers that are faster; each attempt reads anew

Error MeshMissing(const std::string& mesh) { return Invalid("mesh of name " + mesh + " is not found"); }

PutResult Failed(Error error, std::string title) {
  PutResult result;
  result.error = std::move(error);
  result.title = std::move(title);
  return result;
}

}  // namespace

std::optional<ResourceKey> OwnerOf(const TypeDescriptor& type, const ResourceKey& key) {
  if (type.name == "DataplaneInsight") return ResourceKey{"Dataplane", key.mesh, key.name};
  if (type.name == "ZoneIngressInsight") return ResourceKey{"ZoneIngress", "", key.name};
  if (type.name == "ZoneEgressInsight") return ResourceKey{"ZoneEgress", "", key.name};
  if (type.name == "ZoneInsight") return ResourceKey{"Zone", "", key.name};
  if (type.name == "MeshInsight") return ResourceKey{"Mesh", "", key.name};
  if (type.scope == Scope::kMesh) return ResourceKey{"Mesh", "", key.mesh};
  return std::nullopt;
}

LabelOptions Admission::label_options() const {
  LabelOptions labels;
  labels.is_global = options_.is_global;
  labels.is_k8s = options_.is_k8s;
  labels.zone = options_.zone;
  return labels;
}

WriteContext Admission::MakeContext(const Resource* old, const Resource* mesh) const {
  WriteContext context;
  context.old = old;
  context.mesh = mesh;
  context.zone = options_.zone;
  context.find = [this](const ResourceKey& key) -> ResourcePtr { return store_.Get(key).value_or(nullptr); };
  context.list = [this](const std::string& type, const std::string& mesh_name) {
    ListOptions filter;
    filter.mesh = mesh_name;
    return store_.List(type, filter).value_or(std::vector<ResourcePtr>{});
  };
  return context;
}

std::vector<Violation> Admission::CheckRequest(const TypeDescriptor& type, const ResourceKey& key, const Resource& incoming) const {
  std::vector<Violation> violations;
  const ResourceMeta& meta = incoming.meta;
  if (meta.name() != key.name) violations.push_back({"name", "name from the URL has to be the same as in body"});
  if (options_.is_federated_zone && options_.zone.size() + 1 + key.name.size() >= 253) {
    violations.push_back({"name", "the length of the name must be shorter"});
  }
  if (meta.type() != type.name) violations.push_back({"type", "type from the URL has to be the same as in body"});
  if (type.scope == Scope::kMesh && meta.mesh() != key.mesh) violations.push_back({"mesh", "mesh from the URL has to be the same as in body"});
  ValidateLabels(meta, type, {options_.is_global, options_.is_federated_zone, options_.check_origin, options_.zone}, violations);
  ValidateMeta(meta, type.scope, violations);
  return violations;
}

Status Admission::RunAfter(const std::string& type, const ResourcePtr& stored, const ResourcePtr& old) {
  const auto hooks = hooks_.find(type);
  if (hooks == hooks_.end()) return Ok();
  for (const AdmissionHooks& hook : hooks->second) {
    if (hook.after) KUMA_TRY(hook.after(stored, old));
  }
  return Ok();
}

PutResult Admission::Put(const ResourceKey& key, Resource incoming) {
  const TypeDescriptor* type = types_.Find(key.type);
  if (type == nullptr) return Failed(Invalid("invalid type " + QuoteGo(key.type)), "Could not process a resource");

  const ValidationContext validation{&types_, options_.zone, options_.is_global, options_.system_namespace};
  if (std::vector<Violation> violations = Validate(incoming, *type, validation); !violations.empty()) {
    return Failed(ViolationsError(std::move(violations)), "Could not process a resource");
  }
  if (std::vector<Violation> violations = CheckRequest(*type, key, incoming); !violations.empty()) {
    return Failed(ViolationsError(std::move(violations)), "Could not process a resource");
  }
  if (type->name == "Dataplane" && !options_.is_k8s) {
    if (const std::string workload(incoming.Label(kWorkloadLabel)); !workload.empty()) {
      if (options_.is_global) return Failed(Invalid("bad request: labels[\"kuma.io/workload\"]: not allowed on Global control plane"), "Invalid workload label");
      if (const std::vector<std::string> errors = CheckDns1035Label(workload); !errors.empty()) {
        std::string text = "bad request: labels[\"kuma.io/workload\"]: must be a valid DNS-1035 label (at most 63 characters, matching regex [a-z]([-a-z0-9]*[a-z0-9])?): ";
        for (size_t i = 0; i < errors.size(); ++i) text += (i == 0 ? "" : "; ") + errors[i];
        return Failed(Invalid(std::move(text)), "Invalid workload label");
      }
    }
  }

  for (int attempt = 1;; ++attempt) {
    const Result<ResourcePtr> found = store_.Get(key);
    if (!found.ok() && found.error().code != ErrorCode::kNotFound) return Failed(found.error(), "Failed to find a resource");
    const ResourcePtr old = found.value_or(nullptr);
    const std::string title = old ? "Failed to update a resource" : "Failed to create a resource";

    ResourcePtr mesh;
    if (type->scope == Scope::kMesh) {
      const Result<ResourcePtr> found_mesh = store_.Get({"Mesh", "", key.mesh});
      if (!found_mesh.ok() && found_mesh.error().code != ErrorCode::kNotFound) return Failed(found_mesh.error(), title);
      mesh = found_mesh.value_or(nullptr);
      if (mesh == nullptr) return Failed(MeshMissing(key.mesh), title);
    }

    Resource next = incoming;
    next.meta.key = key;
    if (!type->has_status) {
      next.status = nullptr;
    } else if (old) {
      next.status = old->status;  // only the control plane writes it
    }
    const Result<Labels> labels = ComputeLabels(*type, next.spec, incoming.meta.labels, key.mesh, label_options());
    if (!labels.ok()) return Failed(labels.error(), "Could not compute labels for a resource");
    if (old) {
      const Result<Labels> before = ComputeLabels(*type, old->spec, old->meta.labels, key.mesh, label_options());
      std::vector<Violation> violations;
      if (before.ok()) ValidateImmutableLabels(before.value(), labels.value(), violations);
      if (!violations.empty()) return Failed(ViolationsError(std::move(violations)), "Could not update a resource");
    }
    next.meta.labels = labels.value();

    const WriteContext context = MakeContext(old.get(), mesh.get());
    if (type->prepare) type->prepare(next, context);
    std::vector<Violation> violations;
    if (type->admit) type->admit(next, context, violations);
    if (const auto hooks = hooks_.find(type->name); hooks != hooks_.end() && violations.empty()) {
      for (const AdmissionHooks& hook : hooks->second) {
        if (hook.check) hook.check(next, context, violations);
      }
    }
    if (!violations.empty()) return Failed(ViolationsError(std::move(violations)), title);

    next.meta.version = old ? old->meta.version : 0;
    Result<ResourcePtr> stored = old ? store_.Update(std::move(next)) : store_.Create(std::move(next), OwnerOf(*type, key));
    if (!stored.ok()) {
      // Somebody was faster: look again, a create may have become an update.
      const bool retry = stored.error().code == ErrorCode::kConflict || (old && stored.error().code == ErrorCode::kNotFound);
      if (retry && attempt < kAttempts) continue;
      return Failed(stored.error(), title);
    }
    if (const Status after = RunAfter(type->name, stored.value(), old); !after.ok()) return Failed(after.error(), title);

    PutResult result;
    result.created = old == nullptr;
    result.resource = stored.value();
    if (type->warnings) result.warnings = type->warnings(*result.resource);
    return result;
  }
}

Result<ResourcePtr> Admission::Write(Resource incoming, bool compute_labels) {
  const TypeDescriptor* type = types_.Find(incoming.meta.type());
  if (type == nullptr) return Invalid("invalid type " + QuoteGo(incoming.meta.type()));
  const ResourceKey key = incoming.meta.key;
  const bool create = incoming.meta.version == 0;
  if (compute_labels) {
    KUMA_TRY_ASSIGN(incoming.meta.labels, ComputeLabels(*type, incoming.spec, incoming.meta.labels, key.mesh, label_options()));
  }
  if (type->prepare) {
    const ResourcePtr old = create ? nullptr : store_.Get(key).value_or(nullptr);
    const ResourcePtr mesh = type->scope == Scope::kMesh ? store_.Get({"Mesh", "", key.mesh}).value_or(nullptr) : nullptr;
    type->prepare(incoming, MakeContext(old.get(), mesh.get()));
  }
  ResourcePtr old;
  if (!create) old = store_.Get(key).value_or(nullptr);
  KUMA_TRY_ASSIGN(ResourcePtr stored, create ? store_.Create(std::move(incoming), OwnerOf(*type, key)) : store_.Update(std::move(incoming)));
  KUMA_TRY(RunAfter(type->name, stored, old));
  return stored;
}

Status Admission::Delete(const ResourceKey& key) {
  const TypeDescriptor* type = types_.Find(key.type);
  if (type == nullptr) return Invalid("invalid type " + QuoteGo(key.type));
  KUMA_TRY_ASSIGN(const ResourcePtr resource, store_.Get(key));
  std::vector<Violation> violations;
  ValidateOrigin(resource->meta, *type, {options_.is_global, options_.is_federated_zone, options_.check_origin, options_.zone}, violations);
  if (violations.empty() && type->admit_delete && !options_.unsafe_delete) {
    const ResourcePtr mesh = type->scope == Scope::kMesh ? store_.Get({"Mesh", "", key.mesh}).value_or(nullptr) : nullptr;
    type->admit_delete(*resource, MakeContext(nullptr, mesh.get()), violations);
  }
  if (!violations.empty()) return ViolationsError(std::move(violations));
  return store_.Delete(key);
}

}  // namespace kuma::store
