// The labels that a control plane computes when a resource is written, and the checks on labels that users set.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/model/resource.h"
#include "pkg/model/type.h"

namespace kuma {

struct LabelOptions {
  bool is_global = false;  // else: a zone, federated or not
  bool is_k8s = false;
  std::string zone = {};
  std::string ns = {};                   // Kubernetes namespace; empty on Universal
  bool ns_is_system = false;
  std::string service_account = {};      // Kubernetes
  std::string workload = {};
};

// What a user gave plus what is computed. Given values of computed labels win, except role, proxy type and listener marks.
// Fails when a policy mixes producer and consumer items (Kubernetes).
Result<Labels> ComputeLabels(const TypeDescriptor& type, const Json& spec, const Labels& given, const std::string& mesh, const LabelOptions& options);

// "system", "producer", "consumer" or "workload-owner". On Universal (empty `ns`) always "system".
Result<std::string> ComputePolicyRole(const Json& spec, const std::string& ns, bool ns_is_system);

struct LabelRules {
  bool is_global = false;
  bool is_federated_zone = false;
  bool check_origin = true;  // false: the origin label is not validated (an option of the control plane)
  std::string zone = {};
};

// Origin label on writes and deletes; fields such as labels["kuma.io/origin"].
void ValidateOrigin(const ResourceMeta& meta, const TypeDescriptor& type, const LabelRules& rules, std::vector<Violation>& violations);
// All checks on the labels of a document that a user writes.
void ValidateLabels(const ResourceMeta& meta, const TypeDescriptor& type, const LabelRules& rules, std::vector<Violation>& violations);
// Labels that an update may not change; both arguments are computed label sets.
void ValidateImmutableLabels(const Labels& before, const Labels& after, std::vector<Violation>& violations);

}  // namespace kuma
