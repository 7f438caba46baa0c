// What holds where no policy says anything: values that this control plane, or Envoy, uses by itself. Beside the policies' own code
// only explain knows them; a test compares them with generated configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/mesh/facts.h"

namespace kuma::policy {

enum class Side { kInbound, kOutbound, kProxy };

struct BuiltIn {
  std::string path;
  Json value;
  std::string note;  // where it comes from, if not from this control plane
};

// `applies`: some policy of the type has a rule there. In order of paths.
std::vector<BuiltIn> BuiltInsOf(std::string_view policy_type, Side side, mesh::Protocol protocol, const mesh::MeshConfig& mesh,
                                bool applies);

// Rules of these are all in force beside each other: none overrides another.
bool RulesAddUp(std::string_view policy_type);

}  // namespace kuma::policy
