#include "pkg/config/value.h"

#include <algorithm>

#include "pkg/base/duration.h"
#include "pkg/base/strings.h"
#include "pkg/cli/parse.h"

namespace kuma::config {
namespace {

Error Wrong(const Option& option, std::string what) {
  const std::string allowed = AllowedText(option);
  return Invalid(allowed.empty() ? std::move(what) : what + " (allowed: " + allowed + ")");
}

std::vector<std::string> AllowedValues(const Option& option) { return Split(option.allowed, '|'); }

Status CheckAllowed(const Option& option, const std::string& text) {
  if (option.allowed.empty()) return Ok();
  const std::vector<std::string> values = AllowedValues(option);
  if (std::find(values.begin(), values.end(), text) == values.end()) return Wrong(option, "is not one of the allowed values");
  return Ok();
}

Result<Json> CheckedInt(const Option& option, int64_t number) {
  if (number < option.least || number > option.most) return Wrong(option, "is out of range");
  return Json(number);
}

// Go's base 0: 0x, 0o and 0b prefixes are numbers too.
std::optional<int64_t> AnyInt(std::string_view text) {
  if (const auto plain = ParseInt(text)) return plain;
  if (text.size() < 3 || text[0] != '0') return std::nullopt;
  const int base = text[1] == 'x' || text[1] == 'X' ? 16 : text[1] == 'o' ? 8 : text[1] == 'b' ? 2 : 0;
  if (base == 0) return std::nullopt;
  const std::string digits(text.substr(2));
  char* end = nullptr;
  const long long value = std::strtoll(digits.c_str(), &end, base);
  return *end == '\0' ? std::optional<int64_t>(value) : std::nullopt;
}

Result<Json> DurationValue(const Option& option, std::string_view text) {
  const Result<Nanos> duration = ParseDuration(text);
  if (!duration) return Wrong(option, "is not a duration such as 250ms, 30s or 1h30m");
  return Json(FormatDuration(*duration));
}

Result<Json> ListValue(const Option& option, const std::vector<std::string>& parts) {
  Json list = Json::array();
  for (const std::string& part : parts) {
    if (option.type == OptionType::kIntList) {
      const auto number = AnyInt(part);
      if (!number) return Wrong(option, "is not a list of whole numbers: \"" + part + "\"");
      list.push_back(*number);
    } else {
      KUMA_TRY(CheckAllowed(option, part));
      list.push_back(part);
    }
  }
  return list;
}

// A scalar of a document as text; anything else is nothing.
std::optional<std::string> ScalarText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean() || value.is_number()) return ToJsonText(value);
  return std::nullopt;
}

}  // namespace

Result<Json> ValueFromText(const Option& option, std::string_view text) {
  switch (option.type) {
    case OptionType::kBool: {
      const auto value = cli::ParseBool(text);
      if (!value) return Wrong(option, "is not true or false");
      return Json(*value);
    }
    case OptionType::kInt: {
      const auto number = AnyInt(text);
      if (!number) return Wrong(option, "is not a whole number");
      return CheckedInt(option, *number);
    }
    case OptionType::kText: {
      KUMA_TRY(CheckAllowed(option, std::string(text)));
      return Json(std::string(text));
    }
    case OptionType::kDuration:
      return DurationValue(option, text);
    case OptionType::kList:
    case OptionType::kIntList: {
      std::vector<std::string> parts;
      if (!Trim(text).empty()) {
        for (const std::string& part : Split(text, ',')) parts.emplace_back(Trim(part));
      }
      return ListValue(option, parts);
    }
    case OptionType::kMap: {
      Json map = Json::object();
      if (Trim(text).empty()) return map;
      for (const std::string& part : Split(text, ',')) {
        // The first separator counts: values may be addresses. Flags write "key=value".
        const size_t at = part.find_first_of(":=");
        if (at == std::string::npos) return Wrong(option, "is not a list of key:value: \"" + part + "\"");
        map[std::string(Trim(std::string_view(part).substr(0, at)))] = part.substr(at + 1);
      }
      return map;
    }
    case OptionType::kJson: {
      if (Trim(text).empty()) return Json();
      Result<std::vector<Json>> documents = ParseYamlStream(text);
      if (!documents || documents->size() > 1) return Wrong(option, "is not one YAML or JSON document");
      return documents->empty() ? Json() : documents->front();
    }
  }
  return Json();
}

Result<Json> ValueFromJson(const Option& option, const Json& value) {
  switch (option.type) {
    case OptionType::kList:
    case OptionType::kIntList: {
      if (!value.is_array()) return Wrong(option, "is not a list");
      std::vector<std::string> parts;
      for (const Json& item : value) {
        const auto text = ScalarText(item);
        if (!text) return Wrong(option, "has an item that is no plain value");
        parts.push_back(*text);
      }
      return ListValue(option, parts);
    }
    case OptionType::kMap: {
      if (!value.is_object()) return Wrong(option, "is not a map");
      Json map = Json::object();
      for (const auto& [key, item] : value.items()) {
        const auto text = ScalarText(item);
        if (!text) return Wrong(option, "has a value that is no plain text: " + key);
        map[key] = *text;
      }
      return map;
    }
    case OptionType::kJson: {
      const bool list = option.default_text == "[]";
      if (list && !value.is_array()) return Wrong(option, "is not a list");
      if (!list && !value.is_object()) return Wrong(option, "is not a map");
      return value;
    }
    case OptionType::kDuration:
      if (value.is_number_integer()) return Json(FormatDuration(Nanos(value.get<int64_t>())));  // nanoseconds, as in Go
      break;
    case OptionType::kBool:
    case OptionType::kInt:
    case OptionType::kText:
      break;
  }
  const auto text = ScalarText(value);
  if (!text) return Wrong(option, std::string("is not a plain value but a ") + (value.is_array() ? "list" : "map"));
  return ValueFromText(option, *text);
}

std::string ValueToText(const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const Json& item : value) {
      if (item.is_structured()) return ToJsonText(value);
      parts.push_back(ValueToText(item));
    }
    return Join(parts, ",");
  }
  if (value.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [key, item] : value.items()) {
      if (!item.is_string()) return ToJsonText(value);
      parts.push_back(key + ":" + item.get<std::string>());
    }
    return Join(parts, ",");
  }
  return ToJsonText(value);
}

std::string TypeName(OptionType type) {
  switch (type) {
    case OptionType::kBool:
      return "true or false";
    case OptionType::kInt:
      return "whole number";
    case OptionType::kText:
      return "text";
    case OptionType::kDuration:
      return "duration";
    case OptionType::kList:
      return "list of text";
    case OptionType::kIntList:
      return "list of whole numbers";
    case OptionType::kMap:
      return "map of text";
    case OptionType::kJson:
      return "document";
  }
  return "";
}

std::string AllowedText(const Option& option) {
  if (!option.allowed.empty()) {
    std::vector<std::string> values = AllowedValues(option);
    for (std::string& value : values) {
      if (value.empty()) value = "empty";
    }
    return Join(values, ", ");
  }
  const bool low = option.least != std::numeric_limits<int64_t>::min();
  const bool high = option.most != std::numeric_limits<int64_t>::max();
  if (low && high) return std::to_string(option.least) + (option.least < 0 ? " to " : "-") + std::to_string(option.most);
  if (low) return "at least " + std::to_string(option.least);
  return "";
}

bool IsZero(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_boolean()) return !value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>() == 0;
  return value.empty() || (value.is_string() && value.get_ref<const std::string&>().empty());
}

}  // namespace kuma::config
