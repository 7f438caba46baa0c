// The rows of the option tables; only option_table.cpp reads them.
#pragma once

#include <vector>

#include "pkg/config/option.h"

namespace kuma::config {

constexpr Option MakeOption(OptionType type, std::string_view key, std::string_view env, std::string_view default_text,
                            std::string_view doc) {
  Option option;
  option.key = key;
  option.env = env;
  option.type = type;
  option.default_text = default_text;
  option.doc = doc;
  return option;
}

constexpr Option Bool(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kBool, key, env, value, doc);
}
constexpr Option Int(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kInt, key, env, value, doc);
}
constexpr Option Text(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kText, key, env, value, doc);
}
constexpr Option Duration(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kDuration, key, env, value, doc);
}
constexpr Option List(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kList, key, env, value, doc);
}
constexpr Option IntList(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kIntList, key, env, value, doc);
}
constexpr Option Map(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kMap, key, env, value, doc);
}
constexpr Option JsonValue(std::string_view key, std::string_view env, std::string_view value, std::string_view doc) {
  return MakeOption(OptionType::kJson, key, env, value, doc);
}

std::vector<Option> ControlPlaneGeneralOptions();
std::vector<Option> ControlPlaneStoreOptions();
std::vector<Option> ControlPlaneServersOptions();
std::vector<Option> ControlPlaneDpServerOptions();
std::vector<Option> ControlPlaneKubernetesOptions();
std::vector<Option> ControlPlaneMultizoneOptions();
std::vector<Option> DataplaneOptionRows();

}  // namespace kuma::config
