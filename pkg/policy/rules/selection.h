// The conditions under which a policy selects a proxy, one by one: for matching (match.h) and for telling which one fails
// (near_miss.h). Pure functions.
#pragma once

#include "pkg/mesh/facts.h"
#include "pkg/model/resource.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {

// A policy made in a zone stays there, except that a producer's also reaches the clients of its service in other zones.
bool ZoneAllows(const Labels& policy, const Labels& dataplane);
// Policies of consumers and workload owners stay in their namespace.
bool NamespaceAllows(const Labels& policy, const Labels& dataplane);
bool ProxyTypeAllowed(const TargetRef& top, const mesh::Dataplane& dataplane);
// The name or the labels of a targetRef of kind Dataplane; without any, every proxy.
bool NamesDataplane(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane);

}  // namespace kuma::policy
