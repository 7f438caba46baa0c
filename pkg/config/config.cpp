#include "pkg/config/config.h"

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/config/value.h"

namespace kuma::config {
namespace {

const Json& NoValue() {
  static const Json none;
  return none;
}

const Source& NoSource() {
  static const Source none;
  return none;
}

}  // namespace

std::string Source::ToString() const {
  switch (kind) {
    case Kind::kDefault:
      return "default";
    case Kind::kFile:
    case Kind::kDerived:
      return detail;
    case Kind::kEnvironment:
      return "environment " + detail;
    case Kind::kFlag:
      return "flag " + detail;
  }
  return "";
}

Config::Config(const OptionTable& table) : Config(ConfigBuilder(table).Build()) {}

size_t Config::Index(std::string_view key) const {
  const size_t index = state_->table.Find(key);
  if (index == OptionTable::npos) {
    Logger("config").Error("the program asks for a key that the table does not have",
                           {{"key", std::string(key)}, {"role", state_->table.role()}});
  }
  return index;
}

const Json& Config::GetJson(std::string_view key) const {
  const size_t index = Index(key);
  return index == OptionTable::npos ? NoValue() : state_->values[index];
}

const Source& Config::SourceOf(std::string_view key) const {
  const size_t index = Index(key);
  return index == OptionTable::npos ? NoSource() : state_->sources[index];
}

std::string Config::GetString(std::string_view key) const { return ValueToText(GetJson(key)); }

int64_t Config::GetInt(std::string_view key) const {
  const Json& value = GetJson(key);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

bool Config::GetBool(std::string_view key) const {
  const Json& value = GetJson(key);
  return value.is_boolean() && value.get<bool>();
}

Nanos Config::GetDuration(std::string_view key) const { return ParseDuration(GetString(key)).value_or(Nanos(0)); }

std::vector<std::string> Config::GetList(std::string_view key) const {
  std::vector<std::string> list;
  for (const Json& item : GetJson(key)) list.push_back(ValueToText(item));
  return list;
}

std::map<std::string, std::string> Config::GetMap(std::string_view key) const {
  std::map<std::string, std::string> map;
  const Json& value = GetJson(key);
  if (!value.is_object()) return map;
  for (const auto& [name, item] : value.items()) map[name] = ValueToText(item);
  return map;
}

Config Config::With(std::string_view key, Json value, Source source) const {
  const size_t index = Index(key);
  if (index == OptionTable::npos) return *this;
  auto state = std::make_shared<State>(*state_);
  state->values[index] = std::move(value);
  state->sources[index] = std::move(source);
  return Config(std::move(state));
}

Json Config::ToJson(bool mask_secrets) const {
  Json root = Json::object();
  const std::vector<Option>& options = state_->table.options();
  for (size_t i = 0; i < options.size(); ++i) {
    Json* place = &root;
    const std::vector<std::string> parts = Split(options[i].key, '.');
    for (size_t part = 0; part + 1 < parts.size(); ++part) {
      place = &(*place)[parts[part]];
      // A group is shown even when all of it is left out.
      if (place->is_null()) *place = Json::object();
    }
    if (options[i].omit_zero && IsZero(state_->values[i])) continue;
    (*place)[parts.back()] = mask_secrets && options[i].secret ? Json(kMaskedSecret) : state_->values[i];
  }
  return root;
}

ConfigBuilder::ConfigBuilder(const OptionTable& table) : state_{table, {}, {}} {
  for (size_t i = 0; i < table.options().size(); ++i) state_.values.push_back(table.DefaultOf(i));
  state_.sources.resize(table.options().size());
}

void ConfigBuilder::Set(size_t index, Json value, Source source) {
  state_.values[index] = std::move(value);
  state_.sources[index] = std::move(source);
}

Config ConfigBuilder::Build() const { return Config(std::make_shared<const Config::State>(state_)); }

}  // namespace kuma::config
