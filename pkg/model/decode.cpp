// Decoding by schema. Two families: proto-based types (lenient: unknown fields and zero values vanish, errors are the
// JSON decoder's) and schema-checked ones (violations of the structural schema with paths).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "pkg/base/duration.h"
#include "pkg/base/strings.h"
#include "pkg/model/schema.h"

namespace kuma {
namespace {

std::string At(std::string_view path, std::string_view name) {
  if (path.empty()) return std::string(name);
  std::string joined(path);
  joined += '.';
  joined += name;
  return joined;
}

std::string AtIndex(std::string_view path, size_t index) { return std::string(path) + "[" + std::to_string(index) + "]"; }

std::string_view GoJsonType(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean: return "bool";
    case Json::value_t::string: return "string";
    case Json::value_t::array: return "array";
    case Json::value_t::object: return "object";
    case Json::value_t::null: return "null";
    default: return "number";
  }
}

// The type's name in the structural schema's own messages: JSON knows one kind of number.
std::string_view SchemaType(const Json& value) { return value.is_boolean() ? "boolean" : GoJsonType(value); }

std::string_view WantedSchemaType(FieldKind kind) {
  switch (kind) {
    case FieldKind::kBool: return "boolean";
    case FieldKind::kInt32:
    case FieldKind::kInt64:
    case FieldKind::kUint32:
    case FieldKind::kUint64: return "integer";
    case FieldKind::kDouble: return "number";
    case FieldKind::kList: return "array";
    case FieldKind::kObject:
    case FieldKind::kMap: return "object";
    default: return "string";
  }
}

std::string_view GoType(FieldKind kind) {
  switch (kind) {
    case FieldKind::kBool: return "bool";
    case FieldKind::kInt32: return "int32";
    case FieldKind::kInt64: return "int64";
    case FieldKind::kUint32: return "uint32";
    case FieldKind::kUint64: return "uint64";
    case FieldKind::kDouble: return "float64";
    case FieldKind::kList: return "[]json.RawMessage";
    case FieldKind::kBytes: return "[]uint8";
    case FieldKind::kObject:
    case FieldKind::kMap: return "map[string]json.RawMessage";
    default: return "string";
  }
}

// The width that the schema states for a number; empty when it states none.
std::string_view NumberFormat(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInt32:
    case FieldKind::kUint32: return "int32";
    case FieldKind::kInt64: return "int64";
    default: return {};
  }
}

// Beyond this a JSON number is not taken for an integer.
constexpr double kMaxJsonInteger = 9007199254740991.0;

// Lengths are in characters, not bytes.
size_t CharactersOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

struct Range {
  double low;
  double high;
};

Range RangeOf(FieldKind kind) {
  switch (kind) {
    case FieldKind::kInt32: return {-2147483648.0, 2147483647.0};
    case FieldKind::kUint32: return {0.0, 4294967295.0};
    case FieldKind::kUint64: return {0.0, 18446744073709551615.0};
    default: return {-9223372036854775808.0, 9223372036854775807.0};
  }
}

bool IsZero(const Json& value) {
  switch (value.type()) {
    case Json::value_t::boolean: return !value.get<bool>();
    case Json::value_t::string: return value.get_ref<const std::string&>().empty();
    case Json::value_t::array: return value.empty();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: return value.get<double>() == 0.0;
    case Json::value_t::null: return true;
    default: return false;
  }
}

// The JSON form of a protobuf Duration has 0, 3, 6 or 9 decimals and only seconds.
std::string FormatProtoDuration(Nanos duration) {
  const int64_t total = duration.count();
  const uint64_t magnitude = total < 0 ? 0 - static_cast<uint64_t>(total) : static_cast<uint64_t>(total);
  std::string text = (total < 0 ? "-" : "") + std::to_string(magnitude / 1000000000u);
  uint64_t nanos = magnitude % 1000000000u;
  if (nanos != 0) {
    std::string digits = std::to_string(nanos);
    digits.insert(0, 9 - digits.size(), '0');
    while (digits.ends_with("000")) digits.resize(digits.size() - 3);
    text += "." + digits;
  }
  return text + "s";
}

// A number as Go's JSON encoder writes it: no exponent below 1e21.
std::string GoNumberText(const Json& value) {
  if (!value.is_number_float()) return ToJsonText(value);
  const double number = value.get<double>();
  if (std::abs(number) >= 1e21 || std::floor(number) != number) return ToJsonText(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", number);
  return text;
}

std::string SnakeCase(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  return out;
}

// A byte as the character of that number, as Go's JSON reader names it.
std::string Latin1(char c) {
  const auto code = static_cast<unsigned char>(c);
  if (code < 0x80) return {c};
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

// What Go's JSON reader says about a text where it expects a number.
std::string NotJsonNumber(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  if (trimmed.empty()) return "unexpected end of JSON input";
  size_t digits = trimmed.front() == '-' ? 1 : 0;
  const size_t start = digits;
  while (digits < trimmed.size() && std::isdigit(static_cast<unsigned char>(trimmed[digits])) != 0) ++digits;
  if (digits == start) {
    if (start == 1) return trimmed.size() == 1 ? "unexpected end of JSON input" : "invalid character '" + Latin1(trimmed[1]) + "' in numeric literal";
    return "invalid character '" + Latin1(trimmed.front()) + "' looking for beginning of value";
  }
  if (digits < trimmed.size() && trimmed[digits] != '.') return "invalid character '" + Latin1(trimmed[digits]) + "' after top-level value";
  return "json: cannot unmarshal number " + std::string(trimmed) + " into Go value of type uint32";
}

class Decoder {
 public:
  explicit Decoder(bool proto) : proto_(proto) {}

  Json Members(const Fields& fields, bool preserve_unknown, const Json& input, std::string_view path) {
    Json out = Json::object();
    for (const auto& [key, value] : input.items()) {
      const Field* field = FindField(fields, key);
      if (field == nullptr) {
        if (preserve_unknown) {
          out[key] = value;
        } else {
          NoteUnknown(fields, key, path);
        }
        continue;
      }
      if (value.is_null()) {
        if (!proto_ && field->required && field->kind == FieldKind::kIntOrString) {
          out[field->name] = 0;  // a null is read as the zero value
        } else if (!proto_) {
          NullValue(*field, At(path, field->name));
        }
        continue;
      }
      Json decoded = Value(*field, value, At(path, field->name));
      if (decoded.is_null()) continue;
      if (proto_ && !field->keep_zero && IsZero(decoded)) continue;
      if (proto_ && !field->keep_zero && field->kind == FieldKind::kMap && decoded.empty()) continue;
      if (proto_ && !field->proto_enum.empty() && !field->allowed.empty() && !field->keep_zero && decoded == field->allowed.front()) continue;
      out[field->name] = std::move(decoded);
    }
    if (!proto_) {
      for (const Field& field : fields) {
        if (field.required && field.default_value.is_null() && !input.contains(field.name)) {
          result_.violations.push_back({At(path, field.name), "in body is required"});
        }
      }
    }
    return out;
  }

  DecodeResult Finish(Json value) {
    result_.value = std::move(value);
    return std::move(result_);
  }

  void Fatal(std::string text) {
    if (result_.fatal.empty()) result_.fatal = std::move(text);
  }

 private:
  const Field* FindField(const Fields& fields, std::string_view key) const {
    for (const Field& field : fields) {
      if (field.name == key) return &field;
    }
    if (proto_ && Contains(key, "_")) {
      for (const Field& field : fields) {
        if (SnakeCase(field.name) == key) return &field;
      }
    }
    return nullptr;
  }

  void NoteUnknown(const Fields& fields, const std::string& key, std::string_view path) {
    std::vector<std::string> names;
    names.reserve(fields.size());
    for (const Field& field : fields) names.push_back(field.name);
    const std::string nearest = NearestName(key, names);
    result_.unknown.push_back({At(path, key), nearest.empty() ? "unknown field" : "unknown field, did you mean \"" + nearest + "\"?"});
  }

  Json WrongType(const Field& field, const Json& value, std::string_view path) {
    if (proto_) {
      Fatal(std::string(field.preserve_unknown ? "bad StructValue: " : "") + "json: cannot unmarshal " + std::string(GoJsonType(value)) + " into Go value of type " + std::string(GoType(field.kind)));
      return nullptr;
    }
    std::string wanted(WantedSchemaType(field.kind));
    std::string got(SchemaType(value));
    if (field.kind == FieldKind::kBytes && !value.is_null()) {
      if (value.is_array()) return nullptr;  // taken for bytes
      wanted = "byte";
      got = value.is_number() ? "float64" : "";
    }
    // A number with a stated width: what is no text, list or number at all is compared with the width.
    if (const std::string_view format = NumberFormat(field.kind); !format.empty() && !value.is_null() && !value.is_string() && !value.is_array()) {
      wanted = format;
      got = value.is_number() ? "float64" : "";
    }
    result_.violations.push_back({std::string(path), "in body must be of type " + wanted + ": \"" + got + "\""});
    NotAllowed(field, path);
    return nullptr;
  }

  // What the schema lets pass and the field cannot hold.
  void DoesNotHold(const std::string& number, const std::string& path, std::string_view type) {
    Fatal("json: cannot unmarshal number " + number + " into field " + path + " of type " + std::string(type));
  }

  void OutOfRange(const Field& field, const std::string& path) {
    const std::string_view format = NumberFormat(field.kind);
    result_.violations.push_back(
        {"", "Checked value must be of type integer " + (format.empty() ? "(default format)" : "with format " + std::string(format)) + " in " + path});
  }

  // A value of a wrong type is none of the allowed ones either.
  void NotAllowed(const Field& field, std::string_view path) {
    std::vector<std::string> allowed = field.allowed;
    for (const int64_t number : field.allowed_numbers) allowed.push_back(std::to_string(number));
    if (!allowed.empty()) result_.violations.push_back({std::string(path), "in body should be one of [" + Join(allowed, " ") + "]"});
  }

  // Defaults have replaced the nulls that they may; any other null is of the wrong type.
  void NullValue(const Field& field, const std::string& path) {
    if (field.kind != FieldKind::kAny && field.kind != FieldKind::kIntOrString) WrongType(field, nullptr, path);
  }

  // What protobuf's JSON reads from a null inside a list or a map.
  static Json ZeroOf(const Field& field) {
    switch (field.kind) {
      case FieldKind::kBool: return false;
      case FieldKind::kInt32:
      case FieldKind::kInt64:
      case FieldKind::kUint32:
      case FieldKind::kUint64:
      case FieldKind::kDouble: return 0;
      case FieldKind::kObject:
      case FieldKind::kMap: return Json::object();
      case FieldKind::kList: return Json::array();
      case FieldKind::kAny: return nullptr;
      default: return "";
    }
  }

  Json Value(const Field& field, const Json& value, const std::string& path) {
    switch (field.kind) {
      case FieldKind::kBool: return value.is_boolean() ? value : WrongType(field, value, path);
      case FieldKind::kInt32:
      case FieldKind::kInt64:
      case FieldKind::kUint32:
      case FieldKind::kUint64:
      case FieldKind::kDouble: return Number(field, value, path);
      case FieldKind::kString: return Text(field, value, path);
      case FieldKind::kBytes: return BytesText(field, value, path);
      case FieldKind::kDuration: return DurationText(field, value, path);
      case FieldKind::kIntOrString:
        if (value.is_string()) return value;
        if (value.is_number_integer() || value.is_number_unsigned()) {
          const Range range = RangeOf(FieldKind::kInt32);
          const double number = value.get<double>();
          if (number < range.low || number > range.high) DoesNotHold(ToJsonText(value), path, "int32");
          return value;
        }
        result_.violations.push_back({"", "\"" + path + "\" must validate at least one schema (anyOf)"});
        result_.violations.push_back({path, "in body must be of type integer: \"" + std::string(SchemaType(value)) + "\""});
        if (value.is_number()) OutOfRange(field, path);
        return nullptr;
      case FieldKind::kAny: return value;
      case FieldKind::kObject:
        if (!value.is_object()) return WrongType(field, value, path);
        return Members(*field.fields, field.preserve_unknown, value, path);
      case FieldKind::kList: return ListOf(field, value, path);
      case FieldKind::kMap: return MapOf(field, value, path);
    }
    return nullptr;
  }

  Json Number(const Field& field, const Json& original, const std::string& path) {
    Json value = original;
    // protobuf's JSON form writes 64-bit numbers as text and accepts text for all.
    if (proto_ && value.is_string()) {
      const std::string& text = value.get_ref<const std::string&>();
      if (const auto whole = ParseInt(text)) {
        value = *whole;
      } else if (const auto real = ParseDouble(text); real && field.kind == FieldKind::kDouble) {
        value = *real;
      } else {
        Fatal(NotJsonNumber(text));
        return nullptr;
      }
    }
    if (!value.is_number()) return WrongType(field, original, path);
    const double number = value.get<double>();
    bool usable = true;
    if (field.kind == FieldKind::kDouble) {
      if (value.is_number_float() && std::floor(number) == number && std::abs(number) <= kMaxJsonInteger) value = static_cast<int64_t>(number);
    } else {
      const Range range = RangeOf(field.kind);
      const bool whole = std::floor(number) == number;
      const bool fits = number >= range.low && number <= range.high;
      if (proto_) {
        if (!whole || !fits) {
          Fatal("json: cannot unmarshal number " + GoNumberText(original) + " into Go value of type " + std::string(GoType(field.kind)));
          return nullptr;
        }
      } else {
        // The schema knows signed numbers only.
        const Range signed_range = RangeOf(field.kind == FieldKind::kUint32 ? FieldKind::kInt32 : field.kind == FieldKind::kUint64 ? FieldKind::kInt64 : field.kind);
        if (!whole || std::abs(number) > kMaxJsonInteger) WrongType(field, value, path);
        if (!whole || number < signed_range.low || number > signed_range.high) {
          OutOfRange(field, path);
          usable = false;
        } else if (!fits) {
          DoesNotHold(GoNumberText(original), path, GoType(field.kind));
        }
      }
      if (whole && usable && value.is_number_float()) {
        // Below 2^63 as int64, above as uint64; casts beyond that are undefined.
        if (number < 9.2e18) {
          value = static_cast<int64_t>(number);
        } else if (number < 1.8e19) {
          value = static_cast<uint64_t>(number);
        }
      }
    }
    if (field.minimum && number < *field.minimum) {
      result_.violations.push_back({path, "in body should be greater than or equal to " + FormatGoFloat(*field.minimum)});
    }
    if (field.maximum && number > *field.maximum) {
      result_.violations.push_back({path, "in body should be less than or equal to " + FormatGoFloat(*field.maximum)});
    }
    if (!usable) return nullptr;
    if (!field.allowed_numbers.empty() &&
        std::find(field.allowed_numbers.begin(), field.allowed_numbers.end(), value.get<int64_t>()) == field.allowed_numbers.end()) {
      std::vector<std::string> texts;
      for (const int64_t allowed : field.allowed_numbers) texts.push_back(std::to_string(allowed));
      result_.violations.push_back({path, "in body should be one of [" + Join(texts, " ") + "]"});
    }
    return value;
  }

  Json Text(const Field& field, const Json& value, const std::string& path) {
    if (!field.proto_enum.empty()) return ProtoEnumText(field, value);
    if (!value.is_string()) return WrongType(field, value, path);
    const std::string& text = value.get_ref<const std::string&>();
    // Of these limits the first that is broken is told.
    const size_t length = CharactersOf(text);
    if (field.max_length && length > *field.max_length) {
      result_.violations.push_back({path, "in body should be at most " + std::to_string(*field.max_length) + " chars long"});
    } else if (length < field.min_length) {
      result_.violations.push_back({path, "in body should be at least " + std::to_string(field.min_length) + " chars long"});
    } else if (field.matches_pattern && !field.matches_pattern(text)) {
      result_.violations.push_back({path, "in body should match '" + field.pattern + "'"});
    }
    if (!field.allowed.empty() && std::find(field.allowed.begin(), field.allowed.end(), text) == field.allowed.end()) {
      result_.violations.push_back({path, "in body should be one of [" + Join(field.allowed, " ") + "]"});
    }
    return value;
  }

  Json ProtoEnumText(const Field& field, const Json& value) {
    if (value.is_number_integer() || value.is_number_unsigned()) {
      const int64_t index = value.get<int64_t>();
      if (index >= 0 && index < static_cast<int64_t>(field.allowed.size())) return field.allowed[static_cast<size_t>(index)];
    } else if (value.is_string()) {
      const std::string& text = value.get_ref<const std::string&>();
      if (std::find(field.allowed.begin(), field.allowed.end(), text) != field.allowed.end()) return value;
    }
    const double number = value.is_number() ? value.get<double>() : 0.0;
    const bool enum_number = value.is_number() && std::floor(number) == number && std::abs(number) <= RangeOf(FieldKind::kInt32).high;
    if (value.is_string() || enum_number) {
      Fatal("unknown value " + QuoteGo(ToJsonText(value)) + " for enum " + field.proto_enum);
    } else {
      Fatal("json: cannot unmarshal " + (value.is_number() ? "number " + GoNumberText(value) : std::string(GoJsonType(value))) +
            " into Go value of type protoreflect.EnumNumber");
    }
    return nullptr;
  }

  // Go takes a list of numbers for bytes, too.
  Json ListedBytes(const Json& list) {
    std::string bytes;
    for (const Json& item : list) {
      const bool fits = item.is_null() || (item.is_number_integer() && item.get<double>() >= 0 && item.get<double>() <= 255);
      if (!fits) {
        Fatal("json: cannot unmarshal " + (item.is_number() ? "number " + GoNumberText(item) : std::string(GoJsonType(item))) + " into Go value of type uint8");
        return nullptr;
      }
      bytes += static_cast<char>(item.is_null() ? 0 : item.get<int>());
    }
    return Base64Encode(bytes);
  }

  Json BytesText(const Field& field, const Json& value, const std::string& path) {
    if (proto_ && value.is_array()) return ListedBytes(value);
    if (!value.is_string()) return WrongType(field, value, path);
    std::string text = value.get<std::string>();
    const Result<std::string> decoded = Base64Decode(text);
    if (!proto_ && (text.empty() || !decoded.ok())) {
      result_.violations.push_back({path, "in body must be of type byte: " + QuoteGo(text)});
      return nullptr;
    }
    if (!decoded.ok()) {
      size_t at = 0;
      while (at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '+' || text[at] == '/')) ++at;
      Fatal("illegal base64 data at input byte " + std::to_string(at));
      return nullptr;
    }
    return Base64Encode(decoded.value());
  }

  Json DurationText(const Field& field, const Json& value, const std::string& path) {
    if (!value.is_string()) return WrongType(field, value, path);
    const std::string text = value.get<std::string>();
    const Result<Nanos> parsed = ParseDuration(text);
    if (!parsed.ok()) {
      Fatal(proto_ ? "bad Duration: " + parsed.error().message : parsed.error().message);
      return nullptr;
    }
    return field.proto_duration.empty() ? FormatDuration(parsed.value()) : FormatProtoDuration(parsed.value());
  }

  Json ListOf(const Field& field, const Json& value, const std::string& path) {
    if (!value.is_array()) return WrongType(field, value, path);
    if (value.size() < field.min_items) {
      result_.violations.push_back({path, "in body should have at least " + std::to_string(field.min_items) + " items"});
    }
    if (field.max_items && value.size() > *field.max_items) {
      result_.violations.push_back({path, "in body should have at most " + std::to_string(*field.max_items) + " items"});
    }
    Json out = Json::array();
    for (size_t i = 0; i < value.size(); ++i) {
      // A null keeps its place, so that indices in later violations are those of the input.
      if (!value[i].is_null()) {
        out.push_back(Value(*field.element, value[i], AtIndex(path, i)));
      } else {
        if (!proto_) NullValue(*field.element, AtIndex(path, i));
        out.push_back(proto_ ? ZeroOf(*field.element) : Json(nullptr));
      }
    }
    return out;
  }

  Json MapOf(const Field& field, const Json& value, const std::string& path) {
    if (!value.is_object()) return WrongType(field, value, path);
    Json out = Json::object();
    for (const auto& [key, item] : value.items()) {
      if (item.is_null() && field.element->kind != FieldKind::kAny) {
        if (proto_) {
          out[key] = ZeroOf(*field.element);
        } else {
          NullValue(*field.element, At(path, key));
        }
        continue;
      }
      Json decoded = Value(*field.element, item, At(path, key));
      if (!decoded.is_null() || field.element->kind == FieldKind::kAny) out[key] = std::move(decoded);
    }
    return out;
  }

  const bool proto_;
  DecodeResult result_;
};

void ApplyDefaultsTo(const Fields& fields, Json& value);

void ApplyDefaultsToValue(const Field& field, Json& value) {
  if (field.kind == FieldKind::kObject && value.is_object()) {
    ApplyDefaultsTo(*field.fields, value);
  } else if (field.kind == FieldKind::kList && value.is_array()) {
    for (Json& item : value) ApplyDefaultsToValue(*field.element, item);
  } else if (field.kind == FieldKind::kMap && value.is_object()) {
    for (auto& [key, item] : value.items()) ApplyDefaultsToValue(*field.element, item);
  }
}

void ApplyDefaultsTo(const Fields& fields, Json& value) {
  for (const Field& field : fields) {
    auto found = value.find(field.name);
    if (found == value.end() || found->is_null()) {
      if (field.default_value.is_null()) continue;
      value[field.name] = field.default_value;
      found = value.find(field.name);
    }
    ApplyDefaultsToValue(field, *found);
  }
}

}  // namespace

DecodeResult Decode(const Schema& schema, const Json& input, std::string_view path) {
  Decoder decoder(schema.lenient_unknown);
  if (input.is_null()) return decoder.Finish(decoder.Members(schema.fields, schema.preserve_unknown, Json::object(), path));
  if (!input.is_object()) {
    DecodeResult result;
    result.value = Json::object();
    if (schema.lenient_unknown) {
      result.fatal = "json: cannot unmarshal " + std::string(GoJsonType(input)) + " into Go value of type map[string]json.RawMessage";
    } else {
      result.violations.push_back({std::string(path), "in body must be of type object: \"" + std::string(SchemaType(input)) + "\""});
    }
    return result;
  }
  Json value = decoder.Members(schema.fields, schema.preserve_unknown, input, path);
  return decoder.Finish(std::move(value));
}

void ApplyDefaults(const Schema& schema, Json& value) {
  if (value.is_object()) ApplyDefaultsTo(schema.fields, value);
}

}  // namespace kuma
