// Rules for names, labels and other identifiers, with the reference's texts. Used by admission, validators and controllers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/model/resource.h"
#include "pkg/model/type.h"

namespace kuma {

// Name and mesh of a resource; fields "name" and "mesh".
void ValidateMeta(const ResourceMeta& meta, Scope scope, std::vector<Violation>& violations);

// A lowercase RFC 1123 subdomain as names must be; empty result: fine.
std::string CheckName(std::string_view name);

// Kubernetes' checks; each gives all that is wrong, in its words.
std::vector<std::string> CheckQualifiedName(std::string_view text);
std::vector<std::string> CheckLabelValue(std::string_view text);
std::vector<std::string> CheckDns1123Subdomain(std::string_view text);
std::vector<std::string> CheckDns1123Label(std::string_view text);
std::vector<std::string> CheckDns1035Label(std::string_view text);

// Character classes used by several validators: [a-z0-9]([-a-z0-9]*[a-z0-9])? and dotted sequences of it.
bool IsDnsLabel(std::string_view text);
bool IsDnsSubdomain(std::string_view text);

}  // namespace kuma
