// All options of a role, found by key or by variable. Used by the loader, the config commands and the documentation.
// Immutable; any thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/config/option.h"

namespace kuma::config {

class OptionTable {
 public:
  OptionTable(std::string role, std::vector<Option> options);

  const std::string& role() const { return role_; }
  const std::vector<Option>& options() const { return options_; }
  // The default of options()[index] as a value.
  const Json& DefaultOf(size_t index) const { return defaults_[index]; }

  // Keys are found in any case, as in the reference's files; npos when unknown.
  static constexpr size_t npos = static_cast<size_t>(-1);
  size_t Find(std::string_view key) const;
  size_t FindEnv(std::string_view name) const;
  size_t FindFlag(std::string_view name) const;
  bool IsGroup(std::string_view path) const;

  std::vector<std::string> Keys() const;
  std::vector<std::string> EnvNames() const;
  // Last parts of the names directly below a group; "" is the top.
  std::vector<std::string> NamesBelow(std::string_view group) const;
  // Unknown key: the best guesses, nearest first; may be empty.
  std::vector<std::string> NearestKeys(std::string_view key) const;

 private:
  std::string role_;
  std::vector<Option> options_;
  std::vector<Json> defaults_;
  std::map<std::string, size_t, std::less<>> by_key_;  // lower case
  std::map<std::string, size_t, std::less<>> by_env_;
  std::set<std::string, std::less<>> groups_;  // lower case
};

const OptionTable& ControlPlaneTable();
const OptionTable& DataplaneTable();

}  // namespace kuma::config
