// Kuma resource identifiers: kri_<short>_<mesh>_<zone>_<namespace>_<name>_<section>, empty parts keep their separators.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "pkg/base/result.h"
#include "pkg/model/resource.h"

namespace kuma {

struct Kri {
  std::string type;  // type name, e.g. "MeshService"; its short name is what the text shows
  std::string mesh;
  std::string zone;
  std::string ns;    // Kubernetes namespace
  std::string name;  // display name
  std::string section;
  friend auto operator<=>(const Kri&, const Kri&) = default;

  Kri WithSection(std::string section_name) const;
  Kri WithoutSection() const { return WithSection({}); }
};

class TypeRegistry;

// Identity of a stored resource: zone and namespace come from its labels (zone only for zone-originated ones, as the reference does).
Kri KriOf(const ResourceMeta& meta, std::string section = {});
std::string ToString(const Kri& kri, const TypeRegistry& types);
Result<Kri> ParseKri(std::string_view text, const TypeRegistry& types);

}  // namespace kuma
