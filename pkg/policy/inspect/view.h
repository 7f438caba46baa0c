// Pieces that the bodies of the inspect API share.
#pragma once

#include <string>
#include <vector>

#include "pkg/policy/inspect/inspect.h"

namespace kuma::policy {

// Rule sets of the proxy in order of execution, each with its type.
struct TypedRules {
  const TypeDescriptor* type = nullptr;
  const RuleSet* rules = nullptr;
};
std::vector<TypedRules> InOrder(const InspectInput& input);

Json LabelsBody(const Labels& labels);
Json TagsBody(const mesh::Tags& tags);
Json OriginMetas(const std::vector<Origin>& origins);
Json OriginsWithIndex(const std::vector<Origin>& origins);
Json OriginKris(const std::vector<Origin>& origins, const TypeRegistry& types);

// Tags of the inbound at a port, or of the proxy's gateway. Null when it has none.
Json InboundTags(const mesh::Dataplane& dataplane, uint32_t port);

// Routes make destinations of their own; other policies change them.
bool IsRoute(const TypeDescriptor& type);

Error BadRequest(const std::string& text);

}  // namespace kuma::policy
