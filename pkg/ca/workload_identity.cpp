#include "pkg/ca/workload_identity.h"

#include <algorithm>

#include "pkg/base/json.h"
#include "pkg/ca/spiffe_id.h"
#include "pkg/resources/text_template.h"

namespace kuma::ca {
namespace {

constexpr char kDefaultTrustDomain[] = "{{ .Mesh }}.{{ .Zone }}.mesh.local";
constexpr char kDefaultKubernetesPath[] = "/ns/{{ .Namespace }}/sa/{{ .ServiceAccount }}";
constexpr char kDefaultUniversalPath[] = "/workload/{{ .Workload }}";
constexpr std::string_view kServiceAccountLabel = "k8s.kuma.io/service-account";

const Json& MatchLabels(const Resource& identity) { return GetPath(identity.spec, {"selector", "dataplane", "matchLabels"}); }

bool Selects(const Resource& identity, const Labels& labels) {
  if (!Get(Get(identity.spec, "selector"), "dataplane").is_object()) return false;
  for (const auto& [key, value] : MatchLabels(identity).items()) {
    const auto found = labels.find(key);
    if (found == labels.end() || value != found->second) return false;
  }
  return true;
}

std::string LabelOf(const ResourceMeta& meta, std::string_view label) {
  const auto found = meta.labels.find(label);
  return found == meta.labels.end() ? std::string() : found->second;
}

Result<std::string> Render(const std::string& text, const std::map<std::string, std::string>& fields, const ResourceMeta& meta) {
  KUMA_TRY_ASSIGN(const resources::TextTemplate parsed, resources::TextTemplate::Parse(text));
  return parsed.Render(fields, [&](const std::string& key) -> Result<std::string> {
    const auto found = meta.labels.find(key);
    if (found == meta.labels.end()) return Invalid("label " + key + " not found");
    return found->second;
  });
}

bool HasReadyCondition(const Resource& identity, std::string_view status, std::string_view reason) {
  for (const Json& condition : Get(identity.status, "conditions")) {
    if (GetString(condition, "type") == "Ready" && GetString(condition, "status") == status && (reason.empty() || GetString(condition, "reason") == reason)) return true;
  }
  return false;
}

}  // namespace

Identities MatchingIdentities(const Identities& identities, const Labels& labels) {
  Identities matching;
  std::copy_if(identities.begin(), identities.end(), std::back_inserter(matching), [&](const ResourcePtr& identity) { return Selects(*identity, labels); });
  return matching;
}

ResourcePtr SelectIdentity(const Identities& identities, const Labels& labels) {
  ResourcePtr best;
  for (const ResourcePtr& identity : identities) {
    if (!Selects(*identity, labels)) continue;
    const size_t count = MatchLabels(*identity).size();
    const size_t best_count = best == nullptr ? 0 : MatchLabels(*best).size();
    if (best == nullptr || count > best_count || (count == best_count && identity->meta.name() < best->meta.name())) best = identity;
  }
  return best;
}

bool IsReady(const Resource& identity) { return HasReadyCondition(identity, "True", {}); }
bool IsPartiallyReady(const Resource& identity) { return HasReadyCondition(identity, "False", "PartiallyReady"); }

Result<std::string> TrustDomainOf(const Resource& identity, const ResourceMeta& meta, const SpiffeContext& context) {
  const Json& given = Get(Get(identity.spec, "spiffeID"), "trustDomain");
  const std::string zone = LabelOf(meta, kZoneLabel);
  return Render(given.is_string() ? given.get<std::string>() : kDefaultTrustDomain, {{"Mesh", meta.mesh()}, {"Zone", zone.empty() ? context.zone : zone}}, meta);
}

Result<std::string> SpiffeIdOf(const Resource& identity, const std::string& trust_domain, const ResourceMeta& dataplane, const SpiffeContext& context) {
  const Json& given = Get(Get(identity.spec, "spiffeID"), "path");
  const std::string path = given.is_string() ? given.get<std::string>() : context.kubernetes ? kDefaultKubernetesPath : kDefaultUniversalPath;
  const std::map<std::string, std::string> fields = {{"TrustDomain", trust_domain},
                                                     {"Namespace", LabelOf(dataplane, kNamespaceLabel)},
                                                     {"ServiceAccount", LabelOf(dataplane, kServiceAccountLabel)},
                                                     {"Workload", LabelOf(dataplane, kWorkloadLabel)}};
  Result<std::string> id = Render("spiffe://{{ .TrustDomain }}" + path, fields, dataplane);
  if (!id.ok()) return Invalid("failed to render SPIFFE ID template: " + id.error().message);
  if (const Status valid = ValidateSpiffeId(*id); !valid.ok()) return Invalid("failed to parse SPIFFE ID \"" + *id + "\": " + valid.error().message);
  return id;
}

Result<std::string> SpiffeIdOf(const Resource& identity, const ResourceMeta& dataplane, const SpiffeContext& context) {
  KUMA_TRY_ASSIGN(const std::string trust_domain, TrustDomainOf(identity, identity.meta, context));
  return SpiffeIdOf(identity, trust_domain, dataplane, context);
}

std::vector<std::string> ListedSpiffeIds(const Identities& identities, const ResourceMeta& dataplane, const SpiffeContext& context) {
  std::set<std::string> ids;
  for (const ResourcePtr& identity : MatchingIdentities(identities, dataplane.labels)) {
    if (!IsReady(*identity) && !IsPartiallyReady(*identity)) continue;
    const Result<std::string> trust_domain = TrustDomainOf(*identity, dataplane, context);
    if (!trust_domain.ok()) continue;
    if (Result<std::string> id = SpiffeIdOf(*identity, *trust_domain, dataplane, context); id.ok()) ids.insert(*std::move(id));
  }
  return {ids.begin(), ids.end()};
}

bool HasTrustedIdentity(const Identities& identities, const std::set<std::string>& trust_domains, const ResourceMeta& dataplane, const SpiffeContext& context) {
  const ResourcePtr identity = SelectIdentity(identities, dataplane.labels);
  if (identity == nullptr || !IsReady(*identity)) return false;
  if (GetString(Get(identity->spec, "provider"), "type") == "Spire") return true;  // SPIRE brings its own trust
  const Result<std::string> trust_domain = TrustDomainOf(*identity, dataplane, context);
  return trust_domain.ok() && trust_domains.contains(*trust_domain);
}

}  // namespace kuma::ca
