#include "pkg/analysis/load.h"

#include <algorithm>
#include <numeric>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/model/document.h"
#include "pkg/reconcile/defaults.h"
#include "pkg/reconcile/settle.h"
#include "pkg/store/admission.h"
#include "pkg/store/memory/memory_store.h"

namespace kuma::analysis {

namespace {

// Meshes first, since the rest belongs to them.
int RankOf(const Json& document) {
  const std::string type = GetString(document, "type");
  return type == "Mesh" ? 0 : type == "Zone" ? 1 : type == "Dataplane" ? 3 : 2;
}

class Loader {
 public:
  Loader(const TypeRegistry& types, const LoadOptions& options)
      : types_(types),
        options_(options),
        store_(RealClock()),
        admission_(types, store_, AdmissionOptionsFor(options)),
        defaults_(admission_, {}) {
    defaults_.Install();
  }

  Result<Loaded> Run(const std::vector<Json>& documents) {
    std::vector<size_t> order(documents.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return RankOf(documents[a]) < RankOf(documents[b]); });
    const bool has_default = std::any_of(documents.begin(), documents.end(), [](const Json& one) {
      return GetString(one, "type") == "Mesh" && GetString(one, "name") == "default";
    });
    if (!has_default) KUMA_TRY(defaults_.EnsureAtStart());
    for (const size_t index : order) KUMA_TRY(Add(documents[index], index));
    reconcile::DestinationOptions destinations;
    destinations.zone = options_.zone;
    KUMA_TRY(reconcile::Settle(admission_, RealClock(), {std::move(destinations), {.zone = options_.zone}}));
    for (const TypeDescriptor* type : types_.All()) {
      KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> list, store_.List(type->name, {}));
      loaded_.resources.insert(loaded_.resources.end(), list.begin(), list.end());
    }
    return std::move(loaded_);
  }

 private:
  static store::AdmissionOptions AdmissionOptionsFor(const LoadOptions& options) {
    store::AdmissionOptions admission;
    admission.zone = options.zone;
    return admission;
  }

  void Report(std::string_view rule, size_t document, const ResourceKey& key, std::string path, std::string message) {
    const Rule* row = FindRule(rule);
    Finding finding{std::string(rule), row->severity, key, std::move(path), std::move(message)};
    if (rule == "unknown-field" && options_.strict) finding.severity = Severity::kError;
    loaded_.findings.push_back({std::move(finding), document});
  }

  void ReportError(size_t document, const ResourceKey& key, const Error& error) {
    if (error.violations.empty()) Report("invalid-resource", document, key, "", error.ToString());
    for (const Violation& violation : error.violations) Report("invalid-resource", document, key, violation.field, violation.message);
  }

  Status Add(const Json& document, size_t index) {
    ResourceKey key{GetString(document, "type"), GetString(document, "mesh"), GetString(document, "name")};
    const TypeDescriptor* type = types_.Find(key.type);
    if (type == nullptr) {
      std::vector<std::string> names;
      for (const TypeDescriptor* one : types_.All()) names.push_back(one->name);
      const std::string near = NearestName(key.type, names);
      Report("invalid-resource", index, key, "type",
             key.type.empty() ? "the document has no type"
                              : "there is no type " + key.type + (near.empty() ? "" : "; did you mean " + near + "?"));
      return Ok();
    }
    if (type->scope == Scope::kMesh && key.mesh.empty()) key.mesh = options_.mesh;
    std::vector<Violation> unknown;
    Result<Resource> resource = FromDocument(document, *type, &unknown);
    for (Violation& violation : unknown) Report("unknown-field", index, key, std::move(violation.field), std::move(violation.message));
    if (!resource.ok()) {
      ReportError(index, key, resource.error());
      return Ok();
    }
    resource->meta.key = key;
    if (!loaded_.documents.try_emplace(key, index).second) {
      Report("duplicate-resource", index, key, "", type->name + " " + key.name + " is written before, too");
      return Ok();
    }
    if (type->scope == Scope::kMesh) KUMA_TRY(EnsureMesh(key.mesh));
    const store::PutResult put = admission_.Put(key, *resource);
    if (!put.ok()) {
      ReportError(index, key, *put.error);
      loaded_.documents.erase(key);
    }
    return Ok();
  }

  // A mesh that the files use and do not have is taken for one that exists elsewhere.
  Status EnsureMesh(const std::string& mesh) {
    const ResourceKey key{"Mesh", "", mesh};
    if (store_.Get(key).ok()) return Ok();
    Resource resource;
    resource.meta.key = key;
    const store::PutResult put = admission_.Put(key, resource);
    return put.ok() ? Ok() : Status(*put.error);
  }

  const TypeRegistry& types_;
  const LoadOptions& options_;
  store::MemoryStore store_;
  store::Admission admission_;
  reconcile::Defaults defaults_;
  Loaded loaded_;
};

}  // namespace

std::set<ResourceKey> Loaded::Subjects() const {
  std::set<ResourceKey> keys;
  for (const auto& [key, document] : documents) keys.insert(key);
  return keys;
}

Result<Loaded> Load(const std::vector<Json>& documents, const TypeRegistry& types, const LoadOptions& options) {
  return Loader(types, options).Run(documents);
}

}  // namespace kuma::analysis
