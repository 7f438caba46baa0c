// The header in which proxies send their tags to the proxies of services, for policies that tell clients apart by tags.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kuma::policy {

inline constexpr char kTagsHeader[] = "x-kuma-tags";

// "&version=v1&&team=a,b&"
std::string TagsHeader(const std::map<std::string, std::vector<std::string>, std::less<>>& tags);
// Regular expression of the headers of clients that have all these tags; a value of * is any.
std::string TagsHeaderRegex(const std::map<std::string, std::string>& tags);

}  // namespace kuma::policy
