// Resource types as data. A type is one folder that makes one TypeDescriptor; everything generic (REST, CRD, OpenAPI,
// kumactl, docs, store, policy matching) reads these tables and names no type.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/model/resource.h"
#include "pkg/model/schema.h"

namespace kuma {

enum class Scope { kGlobal, kMesh };

struct KdsFlags {
  bool global_to_zone = false;
  bool zone_to_global = false;
  bool relayed_to_other_zones = false;
  // Writable here although the type does not travel in that direction (Zone, Secret).
  bool writable_on_global = false;
  bool writable_on_zone = false;

  bool ProvidedByGlobal() const { return global_to_zone || writable_on_global; }
  bool ProvidedByZone() const { return zone_to_global || writable_on_zone; }
};

// What a targetRef policy can do; null in other types.
struct PolicyTraits {
  int order = 0;  // execution order, see the inventory of policies
  bool has_to = false;
  bool has_from = false;
  bool has_rules = false;          // inbound rules API
  bool single_default = false;     // spec.default for the whole proxy (MeshTrace, MeshMetric, MeshPassthrough, MeshProxyPatch)
  bool from_as_rules = false;      // `from` only takes Mesh, so its entries are read as rules
  bool skip_from_matching = false;
  std::vector<std::string> to_kinds;   // allowed to[].targetRef.kind
  std::vector<std::string> from_kinds;
  std::vector<std::string> top_kinds;

  // How confs of this policy merge, beyond RFC 7396 and append... lists. All optional.
  std::function<Json(const Json& entry)> conf_of_entry;  // conf of an entry of to/from/rules; empty: its `default`
  std::string split_by;                                  // field of the conf, a list of strings: each value gets a conf of its own (hostnames)
  std::string merge_list;                                // field of the conf, a list of {merge_by, default}: defaults of equal keys merge
  std::string merge_by;
  std::function<void(Json& conf)> after_merge;           // last change to a merged conf
};

struct ValidationContext {
  const class TypeRegistry* types = nullptr;
  std::string zone;                 // of this control plane
  bool is_global = false;
  std::string system_namespace = "kuma-system";
};

// What a write looks at beside the resource itself. Pointers live as long as the call.
struct WriteContext {
  const Resource* old = nullptr;   // null: a create
  const Resource* mesh = nullptr;  // of mesh-scoped types
  std::string zone;                // of this control plane; empty on global
  // Reads of other resources; the first gives null when there is none.
  std::function<ResourcePtr(const ResourceKey& key)> find;
  std::function<std::vector<ResourcePtr>(const std::string& type, const std::string& mesh)> list;
};

struct TypeDescriptor {
  std::string name;              // "MeshTimeout"
  std::string path;              // "meshtimeouts"; empty: not in REST
  std::string alternative_path;  // e.g. "global-secrets"
  std::string short_name;        // of KRIs, "mt"
  std::string singular_display;  // "Mesh Timeout"
  std::string plural_display;
  std::string kumactl_arg;       // "meshtimeout"
  Scope scope = Scope::kMesh;
  bool read_only = false;
  bool admin_only = false;
  bool experimental = false;
  bool inlined_spec = false;     // proto-based: spec fields stand at the top level of documents
  bool has_status = false;
  bool stored = true;            // false: derived (DataplaneOverview)
  bool is_policy = false;
  bool is_destination = false;   // MeshService, MeshExternalService, MeshMultiZoneService
  bool is_proxy = false;
  bool is_insight = false;
  bool system_namespace_only = false;  // Kubernetes
  KdsFlags kds;
  std::shared_ptr<const PolicyTraits> policy;
  Schema schema;
  Schema status_schema;
  // Semantic checks after decoding; paths and texts equal the reference's. Appends violations.
  std::function<void(const Resource&, const ValidationContext&, std::vector<Violation>&)> validate;
  // Deprecations and other remarks for the `warnings` of a PUT answer.
  std::function<std::vector<std::string>(const Resource&)> warnings;
  // Changes a decoded spec to its normal form (defaults that depend on other fields). May be empty.
  std::function<void(Json& spec)> normalize;
  // What the control plane itself writes into a resource when it is stored (zone tags of a Dataplane). May be empty.
  std::function<void(Resource&, const WriteContext&)> prepare;
  // Checks against other resources, after `validate` and `prepare`. May be empty.
  std::function<void(const Resource&, const WriteContext&, std::vector<Violation>&)> admit;
  // Reasons against deleting it. May be empty.
  std::function<void(const Resource&, const WriteContext&, std::vector<Violation>&)> admit_delete;
  // Value of kuma.io/proxy-type for proxies ("sidecar", "gateway", "zoneingress", "zoneegress"). Empty for other types.
  std::function<std::string(const Json& spec)> proxy_type;
};

class TypeRegistry {
 public:
  TypeRegistry() = default;
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  // REQUIRES: name, path and short name are new. Called only while starting.
  void Add(TypeDescriptor descriptor);

  const TypeDescriptor* Find(std::string_view name) const;          // by type name
  const TypeDescriptor* FindByPath(std::string_view path) const;    // REST path or alternative path
  const TypeDescriptor* FindByShortName(std::string_view short_name) const;
  // In the order of their names.
  std::vector<const TypeDescriptor*> All() const;

 private:
  std::map<std::string, std::unique_ptr<TypeDescriptor>, std::less<>> by_name_;
  std::map<std::string, const TypeDescriptor*, std::less<>> by_path_;
  std::map<std::string, const TypeDescriptor*, std::less<>> by_short_name_;
};

}  // namespace kuma
