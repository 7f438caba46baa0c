// Which MeshIdentity a proxy has and what its SPIFFE ID is. Pure functions over resources; used by the pipeline, the API and the
// reconcilers, which must agree.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/model/resource.h"

namespace kuma::ca {

using Identities = std::vector<ResourcePtr>;  // MeshIdentities of one mesh

// Those whose selector holds for a proxy with these labels; without a selector none is selected.
Identities MatchingIdentities(const Identities& identities, const Labels& labels);
// The one with the most labels in its selector, then the first by name. Null: none.
ResourcePtr SelectIdentity(const Identities& identities, const Labels& labels);

// By its status: certificates are issued; or: it only says which SPIFFE IDs there are.
bool IsReady(const Resource& identity);
bool IsPartiallyReady(const Resource& identity);

struct SpiffeContext {
  std::string zone;  // of this control plane, where a resource does not say
  bool kubernetes = false;
  std::string agent_socket = {};  // of SPIRE's agent, where a proxy does not say
};
// `meta` fills the template of the identity: of the identity itself, or of a proxy.
Result<std::string> TrustDomainOf(const Resource& identity, const ResourceMeta& meta, const SpiffeContext& context);
Result<std::string> SpiffeIdOf(const Resource& identity, const std::string& trust_domain, const ResourceMeta& dataplane, const SpiffeContext& context);
// Both steps, as certificates are issued.
Result<std::string> SpiffeIdOf(const Resource& identity, const ResourceMeta& dataplane, const SpiffeContext& context);

// What MeshService.spec.identities lists of a proxy: its ID by every identity that selects it and has been initialized.
std::vector<std::string> ListedSpiffeIds(const Identities& identities, const ResourceMeta& dataplane, const SpiffeContext& context);
// The proxy has an initialized identity whose trust domain is among those of the mesh's MeshTrusts.
bool HasTrustedIdentity(const Identities& identities, const std::set<std::string>& trust_domains, const ResourceMeta& dataplane, const SpiffeContext& context);

}  // namespace kuma::ca
