// A resource as every layer sees it: meta data, a spec and a status as documents. Immutable once stored; handed around as
// ResourcePtr. The schema of the spec is in its type's descriptor (pkg/model/type.h).
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/json.h"
#include "pkg/base/label_map.h"

namespace kuma {

using Labels = LabelMap;

// Identity within a store. `mesh` is empty for global types.
struct ResourceKey {
  std::string type;
  std::string mesh;
  std::string name;
  friend auto operator<=>(const ResourceKey&, const ResourceKey&) = default;
};

struct ResourceMeta {
  ResourceKey key;
  Labels labels;
  SystemTime creation_time{};
  SystemTime modification_time{};
  uint64_t version = 0;  // per resource, 1 on create, +1 on update; the expected one on writes

  const std::string& type() const { return key.type; }
  const std::string& mesh() const { return key.mesh; }
  const std::string& name() const { return key.name; }
};

struct Resource {
  ResourceMeta meta;
  Json spec = Json::object();
  Json status;  // null when the type has none or none was written

  // Label value or "".
  std::string_view Label(std::string_view key) const;
};

using ResourcePtr = std::shared_ptr<const Resource>;

// Well-known labels and tags.
inline constexpr std::string_view kMeshLabel = "kuma.io/mesh";
inline constexpr std::string_view kOriginLabel = "kuma.io/origin";
inline constexpr std::string_view kZoneLabel = "kuma.io/zone";
inline constexpr std::string_view kEnvLabel = "kuma.io/env";
inline constexpr std::string_view kDisplayNameLabel = "kuma.io/display-name";
inline constexpr std::string_view kNamespaceLabel = "k8s.kuma.io/namespace";
inline constexpr std::string_view kPolicyRoleLabel = "kuma.io/policy-role";
inline constexpr std::string_view kProxyTypeLabel = "kuma.io/proxy-type";
inline constexpr std::string_view kEffectLabel = "kuma.io/effect";
inline constexpr std::string_view kManagedByLabel = "kuma.io/managed-by";
inline constexpr std::string_view kWorkloadLabel = "kuma.io/workload";
inline constexpr std::string_view kServiceTag = "kuma.io/service";
inline constexpr std::string_view kProtocolTag = "kuma.io/protocol";
inline constexpr std::string_view kZoneTag = "kuma.io/zone";
inline constexpr std::string_view kInstanceTag = "kuma.io/instance";

// kuma.io/display-name, else the name.
std::string DisplayName(const ResourceMeta& meta);

}  // namespace kuma
