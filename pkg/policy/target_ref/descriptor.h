// What the descriptors of all policies have in common. Used by the spec.cpp of each.
#pragma once

#include <string>
#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

struct PolicyNames {
  std::string type;      // "MeshTimeout"
  std::string path;      // "meshtimeouts"
  std::string argument;  // "meshtimeout"
  std::string short_name;
  std::string singular;
  std::string plural;
};

// A mesh-scoped policy that travels both ways. Its normal form has a `default` in every entry.
TypeDescriptor MakePolicyType(PolicyNames names, PolicyTraits traits, Fields fields);

// Kinds that most policies allow in spec.targetRef.
std::vector<std::string> ProxyKinds();            // Mesh, Dataplane and their old forms
std::vector<std::string> ProxyAndGatewayKinds();  // MeshGateway as well

}  // namespace kuma::policy
