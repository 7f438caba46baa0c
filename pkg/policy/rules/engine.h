// The rule engine: policies of a mesh and one proxy in, merged settings out. Generic over PolicyTraits; names no policy. Used by the
// pipeline (with a cache it keeps), the inspect API and explain. Threads: everything here may be called from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/index.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

// Keeps the index of each mesh's list of each policy type; a changed list replaces its index. Holds one per mesh and type.
class PolicyIndexCache {
 public:
  std::shared_ptr<const PolicyIndex> Find(const TypeDescriptor& type, const std::string& mesh, const mesh::ResourceListPtr& policies);
  void Forget(const std::string& mesh);

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<const PolicyIndex>> indexes_;  // by mesh and type; guarded by mutex_
};

struct BuildOptions {
  bool include_shadow = false;
  PolicyIndexCache* cache = nullptr;  // null: everything is read anew
};

// Types without a matching policy are absent.
RuleSets BuildRuleSets(const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot, const TypeRegistry& types, const BuildOptions& options = {});
RuleSet BuildRuleSet(const TypeDescriptor& policy_type, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot, const BuildOptions& options = {});

// Rules of a zone egress for one external service, given by its tags: `from` (or rules) under InboundKey{}, for policies that have no
// from their `to` entries read the other way round, and `to_resources` of the whole mesh (docs: zone egress).
RuleSet BuildEgressRuleSet(const TypeDescriptor& policy_type, const mesh::Tags& service_tags, const mesh::Snapshot& snapshot, const BuildOptions& options = {});

// The conf for all clients of an inbound: its rules without a match, merged. Null: none.
Json MergeCatchAll(const std::vector<InboundRule>& rules, const PolicyTraits& traits);

}  // namespace kuma::policy
