#include "pkg/policy/conf.h"

#include "pkg/base/strings.h"

namespace kuma::policy {

std::optional<Nanos> FindDuration(const Json& conf, std::string_view key) {
  const Json& value = Get(conf, key);
  if (!value.is_string()) return std::nullopt;
  Result<Nanos> parsed = ParseDuration(value.get_ref<const std::string&>());
  if (!parsed.ok()) return std::nullopt;
  return parsed.value();
}

std::optional<uint32_t> FindUint(const Json& conf, std::string_view key) {
  const Json& value = Get(conf, key);
  if (value.is_number_unsigned()) return static_cast<uint32_t>(value.get<uint64_t>());
  if (value.is_number_integer() && value.get<int64_t>() >= 0) return static_cast<uint32_t>(value.get<int64_t>());
  if (value.is_number_float() && value.get<double>() >= 0) return static_cast<uint32_t>(value.get<double>());
  return std::nullopt;
}

std::optional<double> ParseDecimal(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return ParseDouble(value.get_ref<const std::string&>());
  return std::nullopt;
}

std::optional<double> FindDecimal(const Json& conf, std::string_view key) { return ParseDecimal(Get(conf, key)); }

}  // namespace kuma::policy
