// MeshProxyPatch as a step behind the units of a proxy: units are wrapped, so that they are generated, then edited. Proxies without a
// patch do not notice.
#pragma once

#include <memory>
#include <vector>

#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// The patch becomes a part of the units' digests; what it adds becomes a unit of its own.
void PatchUnits(const std::shared_ptr<const policy::RuleSets>& rules, const TypeRegistry& types, std::vector<Unit>& units);

}  // namespace kuma::xds
