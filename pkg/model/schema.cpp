#include "pkg/model/schema.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace kuma {
namespace {

Field Make(std::string name, FieldKind kind, std::string doc) {
  Field field;
  field.name = std::move(name);
  field.kind = kind;
  field.doc = std::move(doc);
  return field;
}

}  // namespace

Field Field::Bool(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kBool, std::move(doc)); }
Field Field::Int(std::string name, std::string doc, FieldKind kind) { return Make(std::move(name), kind, std::move(doc)); }
Field Field::Double(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kDouble, std::move(doc)); }
Field Field::String(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kString, std::move(doc)); }
Field Field::Bytes(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kBytes, std::move(doc)); }
Field Field::Duration(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kDuration, std::move(doc)); }
Field Field::IntOrString(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kIntOrString, std::move(doc)); }
Field Field::Any(std::string name, std::string doc) { return Make(std::move(name), FieldKind::kAny, std::move(doc)); }

Field Field::Enum(std::string name, std::vector<std::string> allowed, std::string doc) {
  Field field = Make(std::move(name), FieldKind::kString, std::move(doc));
  field.allowed = std::move(allowed);
  return field;
}

Field Field::Object(std::string name, Fields fields, std::string doc) {
  Field field = Make(std::move(name), FieldKind::kObject, std::move(doc));
  field.fields = std::make_shared<const Fields>(std::move(fields));
  return field;
}

Field Field::List(std::string name, Field element, std::string doc) {
  Field field = Make(std::move(name), FieldKind::kList, std::move(doc));
  field.element = std::make_shared<const Field>(std::move(element));
  return field;
}

Field Field::Map(std::string name, Field element, std::string doc) {
  Field field = Make(std::move(name), FieldKind::kMap, std::move(doc));
  field.element = std::make_shared<const Field>(std::move(element));
  return field;
}

Field Field::ProtoDuration(std::string name, std::string doc) {
  Field field = Make(std::move(name), FieldKind::kDuration, std::move(doc));
  field.proto_duration = "google.protobuf.Duration";
  return field;
}

Field& Field::Required() & {
  required = true;
  return *this;
}
Field&& Field::Required() && {
  required = true;
  return std::move(*this);
}
Field&& Field::Default(Json value) && {
  default_value = std::move(value);
  return std::move(*this);
}
Field&& Field::Append() && {
  merge_append = true;
  return std::move(*this);
}
Field&& Field::MapKeys(std::vector<std::string> keys) && {
  map_keys = std::move(keys);
  return std::move(*this);
}
Field&& Field::Deprecated() && {
  deprecated = true;
  return std::move(*this);
}
Field&& Field::Min(double value) && {
  minimum = value;
  return std::move(*this);
}
Field&& Field::Max(double value) && {
  maximum = value;
  return std::move(*this);
}
Field&& Field::MinLength(size_t value) && {
  min_length = value;
  return std::move(*this);
}
Field&& Field::MaxLength(size_t value) && {
  max_length = value;
  return std::move(*this);
}
Field&& Field::MinItems(size_t value) && {
  min_items = value;
  return std::move(*this);
}
Field&& Field::MaxItems(size_t value) && {
  max_items = value;
  return std::move(*this);
}
Field&& Field::KeepZero() && {
  keep_zero = true;
  return std::move(*this);
}
Field&& Field::PreserveUnknown() && {
  preserve_unknown = true;
  return std::move(*this);
}
Field&& Field::ProtoEnum(std::string full_name) && {
  proto_enum = std::move(full_name);
  return std::move(*this);
}

std::string FormatGoFloat(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  // Shortest digits; the exponent form below 1e-4 and from 1e+06 on where it is chosen: 8e+06, 5.000011e+06, 123456.
  char buffer[64];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string text(buffer, scientific.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent < -4 || exponent >= 6) return text;
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return std::string(buffer, fixed.ptr);
}

std::string QuoteGo(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\\x";
          out += kHex[static_cast<unsigned char>(c) >> 4];
          out += kHex[static_cast<unsigned char>(c) & 15];
        } else {
          out += c;
        }
    }
  }
  out += '"';
  return out;
}

}  // namespace kuma
