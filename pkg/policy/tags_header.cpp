#include "pkg/policy/tags_header.h"

#include "pkg/base/strings.h"

namespace kuma::policy {

std::string TagsHeader(const std::map<std::string, std::vector<std::string>, std::less<>>& tags) {
  std::string text;
  for (const auto& [tag, values] : tags) text += "&" + tag + "=" + Join(values, ",") + "&";
  return text;
}

std::string TagsHeaderRegex(const std::map<std::string, std::string>& tags) {
  std::string regex = ".*";
  for (const auto& [tag, value] : tags) {
    regex += "&" + tag + "=";
    if (value != "*") regex += "[^&]*" + ReplaceAll(value, ".", "\\.") + "[,&]";
    regex += ".*";
  }
  return regex;
}

}  // namespace kuma::policy
