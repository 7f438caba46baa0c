#include "pkg/config/option_table.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/config/options.h"
#include "pkg/config/value.h"

namespace kuma::config {
namespace {

void Append(std::vector<Option>& all, std::vector<Option> more) { all.insert(all.end(), more.begin(), more.end()); }

std::string LastPart(std::string_view key) {
  const size_t dot = key.rfind('.');
  return std::string(dot == std::string_view::npos ? key : key.substr(dot + 1));
}

}  // namespace

OptionTable::OptionTable(std::string role, std::vector<Option> options) : role_(std::move(role)), options_(std::move(options)) {
  for (size_t i = 0; i < options_.size(); ++i) {
    const Option& option = options_[i];
    Result<Json> value = ValueFromText(option, option.default_text);
    if (!value) Logger("config").Error("a default is not valid", {{"key", std::string(option.key)}, {"error", value.error().message}});
    defaults_.push_back(value ? std::move(value).value() : Json());
    const std::string key = ToLower(option.key);
    by_key_[key] = i;
    if (!option.env.empty()) by_env_[std::string(option.env)] = i;
    if (!option.also_env.empty()) by_env_[std::string(option.also_env)] = i;
    for (size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', dot + 1)) groups_.insert(key.substr(0, dot));
  }
}

size_t OptionTable::Find(std::string_view key) const {
  const auto found = by_key_.find(ToLower(key));
  return found == by_key_.end() ? npos : found->second;
}

size_t OptionTable::FindEnv(std::string_view name) const {
  const auto found = by_env_.find(name);
  return found == by_env_.end() ? npos : found->second;
}

size_t OptionTable::FindFlag(std::string_view name) const {
  for (size_t i = 0; i < options_.size(); ++i) {
    if (!name.empty() && options_[i].flag == name) return i;
  }
  return npos;
}

bool OptionTable::IsGroup(std::string_view path) const { return path.empty() || groups_.count(ToLower(path)) == 1; }

std::vector<std::string> OptionTable::Keys() const {
  std::vector<std::string> keys;
  for (const Option& option : options_) keys.emplace_back(option.key);
  return keys;
}

std::vector<std::string> OptionTable::EnvNames() const {
  std::vector<std::string> names;
  for (const auto& entry : by_env_) names.push_back(entry.first);
  return names;
}

std::vector<std::string> OptionTable::NamesBelow(std::string_view group) const {
  const std::string prefix = group.empty() ? "" : ToLower(group) + ".";
  std::vector<std::string> names;
  for (const Option& option : options_) {
    if (ToLower(option.key).rfind(prefix, 0) != 0) continue;
    const std::string_view rest = option.key.substr(prefix.size());
    std::string name(rest.substr(0, rest.find('.')));
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  }
  return names;
}

std::vector<std::string> OptionTable::NearestKeys(std::string_view key) const {
  std::vector<std::string> found;
  const auto add = [&](std::string name) {
    if (!name.empty() && std::find(found.begin(), found.end(), name) == found.end()) found.push_back(std::move(name));
  };
  // A wrong name in a known group is the most common mistake.
  const size_t dot = key.rfind('.');
  const std::string group(dot == std::string_view::npos ? std::string_view() : key.substr(0, dot));
  if (IsGroup(group)) {
    const std::string near = NearestName(LastPart(key), NamesBelow(group));
    if (!near.empty()) add(group.empty() ? near : group + "." + near);
  }
  add(NearestName(key, Keys()));
  // The right name in the wrong place.
  const std::string last = ToLower(LastPart(key));
  for (const Option& option : options_) {
    if (found.size() >= 3) break;
    if (ToLower(LastPart(option.key)) == last) add(std::string(option.key));
  }
  return found;
}

const OptionTable& ControlPlaneTable() {
  static const OptionTable table("control plane", [] {
    std::vector<Option> all = ControlPlaneGeneralOptions();
    Append(all, ControlPlaneStoreOptions());
    Append(all, ControlPlaneServersOptions());
    Append(all, ControlPlaneDpServerOptions());
    Append(all, ControlPlaneKubernetesOptions());
    Append(all, ControlPlaneMultizoneOptions());
    return all;
  }());
  return table;
}

const OptionTable& DataplaneTable() {
  static const OptionTable table("data plane", DataplaneOptionRows());
  return table;
}

}  // namespace kuma::config
