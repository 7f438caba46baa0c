// The schema of a spec as a table of fields. From it come decoding with exact paths, normal forms, defaults, OpenAPI/CRD
// schemas, docs and "did you mean". A schema is built once at start and immutable after.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"

namespace kuma {

enum class FieldKind {
  kBool,
  kInt32,
  kInt64,
  kUint32,
  kUint64,
  kDouble,
  kString,
  kBytes,         // base64 text
  kDuration,      // Go text; stored in Go's normal form ("30m" -> "30m0s"), as the reference answers
  kIntOrString,   // Kubernetes intstr: percentages ("5" or 5 or "5.5"), target ports
  kAny,           // any JSON
  kObject,        // `fields`
  kList,          // `element`
  kMap,           // string keys, `element`
};

struct Field;
using Fields = std::vector<Field>;

struct Field {
  std::string name;
  FieldKind kind = FieldKind::kString;
  std::string doc;                          // one or two sentences, our own words
  bool required = false;
  std::vector<std::string> allowed;         // enum values (kString)
  std::vector<int64_t> allowed_numbers;     // enum values (numbers)
  Json default_value;                       // null: none. Filled in by ApplyDefaults
  std::shared_ptr<const Fields> fields;     // kObject
  std::shared_ptr<const Field> element;     // kList, kMap
  std::string proto_duration;               // non-empty: a protobuf Duration ("3.5s" text form), for proto-based types
  bool merge_append = false;                // lists named append...: concatenated when confs merge
  std::vector<std::string> map_keys;        // kList: entries differ in these members; told to Kubernetes, which refuses twins
  bool deprecated = false;
  // Structural limits; the texts of their violations are those of the Kubernetes schema validator.
  std::optional<double> minimum;
  std::optional<double> maximum;
  size_t min_length = 0;                    // kString
  std::optional<size_t> max_length;         // kString
  std::string pattern;                      // kString: a regular expression, told to users
  std::function<bool(std::string_view)> matches_pattern;  // set together with `pattern`
  size_t min_items = 0;                     // kList
  std::optional<size_t> max_items;          // kList
  std::string proto_enum;                   // proto-based enums: full name for error texts; unlisted values fail decoding
  bool keep_zero = false;                   // proto-based: a wrapper or oneof, whose zero value is still written
  bool preserve_unknown = false;            // kObject: members beyond `fields` are kept as they are

  // Chainable setters for tables: Field::Duration("interval", "Pause between checks.").Default("1m")
  static Field Bool(std::string name, std::string doc);
  static Field Int(std::string name, std::string doc, FieldKind kind = FieldKind::kInt32);
  static Field Double(std::string name, std::string doc);
  static Field String(std::string name, std::string doc);
  static Field Enum(std::string name, std::vector<std::string> allowed, std::string doc);
  static Field Bytes(std::string name, std::string doc);
  static Field Duration(std::string name, std::string doc);
  static Field IntOrString(std::string name, std::string doc);
  static Field Any(std::string name, std::string doc);
  static Field Object(std::string name, Fields fields, std::string doc);
  static Field List(std::string name, Field element, std::string doc);  // element.name is ignored
  static Field Map(std::string name, Field element, std::string doc);
  Field& Required() &;
  Field&& Required() &&;
  Field&& Default(Json value) &&;
  Field&& Append() &&;
  Field&& MapKeys(std::vector<std::string> keys) &&;
  Field&& Deprecated() &&;
  Field&& Min(double value) &&;
  Field&& Max(double value) &&;
  Field&& MinLength(size_t value) &&;
  Field&& MaxLength(size_t value) &&;
  Field&& MinItems(size_t value) &&;
  Field&& MaxItems(size_t value) &&;
  Field&& KeepZero() &&;
  Field&& PreserveUnknown() &&;
  Field&& ProtoEnum(std::string full_name) &&;  // on Enum(): the first allowed value is the zero value
  // A protobuf Duration: stored in its JSON form ("3.5s").
  static Field ProtoDuration(std::string name, std::string doc);
};

struct Schema {
  Fields fields;
  // Set in proto-based types. Unknown fields: dropped silently there, reported as warnings in policy types. Zero values
  // (0, "", false, empty lists) are dropped there too, since protobuf does not write them; lower_snake names are accepted.
  bool lenient_unknown = false;
  bool preserve_unknown = false;  // keep members that are not in `fields` as they are
};

struct DecodeResult {
  Json value;                         // normalised: known fields only, durations in normal form, nulls dropped
  std::vector<Violation> violations;  // wrong types, missing required fields, values not in an enum; texts as the reference's
  std::vector<Violation> unknown;     // unknown fields by path, message names the nearest known one
  // What the reference's decoder says when it gives up (a duration that does not parse, an unknown proto enum value);
  // answered as 'invalid <Type> object: "<text>"' without violations. Empty: decoding went through.
  std::string fatal;
};

// `path` prefixes every field ("spec"). Never throws, keeps as much of the input as is well-formed.
DecodeResult Decode(const Schema& schema, const Json& input, std::string_view path);
void ApplyDefaults(const Schema& schema, Json& value);

// Go's %v of a float64 (shortest form, exponent from 1e+06 on), as it appears in the reference's messages.
std::string FormatGoFloat(double value);
// Go's %q: double quotes with \" \\ \n \t escaped.
std::string QuoteGo(std::string_view text);

}  // namespace kuma
