// The configuration of a role after loading: a value and its source for every option of the role's table.
// Immutable and cheap to copy; any thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/json.h"
#include "pkg/config/option_table.h"

namespace kuma::config {

struct Source {
  enum class Kind { kDefault, kFile, kEnvironment, kFlag, kDerived };
  Kind kind = Kind::kDefault;
  std::string detail = {};  // "kuma.yaml:12", "KUMA_MODE", "--name", or why it was derived
  // "default", "kuma.yaml:12", "environment KUMA_MODE", "flag --name", or the reason.
  std::string ToString() const;
};

class Config {
 public:
  // All defaults. REQUIRES: table outlives the configuration.
  explicit Config(const OptionTable& table);

  const OptionTable& table() const { return state_->table; }

  // A key that the table does not have is our mistake: it is logged and a zero value is returned.
  std::string GetString(std::string_view key) const;
  int64_t GetInt(std::string_view key) const;
  bool GetBool(std::string_view key) const;
  Nanos GetDuration(std::string_view key) const;
  std::vector<std::string> GetList(std::string_view key) const;
  std::map<std::string, std::string> GetMap(std::string_view key) const;
  const Json& GetJson(std::string_view key) const;

  const Source& SourceOf(std::string_view key) const;
  // Set by file, variable, flag or derivation.
  bool IsSet(std::string_view key) const { return SourceOf(key).kind != Source::Kind::kDefault; }

  // A copy with one value changed. The value must be of the option's type.
  Config With(std::string_view key, Json value, Source source) const;

  // Nested as in the file; this is what GET /config answers. Secrets are "*****" when masked.
  Json ToJson(bool mask_secrets) const;

  const Json& ValueAt(size_t index) const { return state_->values[index]; }
  const Source& SourceAt(size_t index) const { return state_->sources[index]; }

 private:
  friend class ConfigBuilder;
  struct State {
    const OptionTable& table;
    std::vector<Json> values;
    std::vector<Source> sources;
  };
  explicit Config(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  size_t Index(std::string_view key) const;

  std::shared_ptr<const State> state_;
};

inline constexpr std::string_view kMaskedSecret = "*****";

// Collects values in rising order of precedence.
class ConfigBuilder {
 public:
  explicit ConfigBuilder(const OptionTable& table);
  void Set(size_t index, Json value, Source source);
  Config Build() const;

 private:
  Config::State state_;
};

}  // namespace kuma::config
