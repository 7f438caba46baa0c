#include "pkg/base/json.h"

namespace kuma {
namespace {

constexpr int kMaxDepth = 200;
const Json kNull;

bool TextTooDeep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxDepth) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  // Before the parser sees it: destroying a very deep document would recurse as deep.
  if (TextTooDeep(text)) return Invalid("is nested deeper than " + std::to_string(kMaxDepth) + " levels");
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception& e) {
    std::string message = e.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." -> the part that people need.
    if (const size_t at = message.find("] "); at != std::string::npos) message = message.substr(at + 2);
    return Invalid(message);
  }
}

std::string ToJsonText(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string ToPrettyJson(const Json& value, int indent) { return value.dump(indent, ' ', false, Json::error_handler_t::replace); }

const Json& Get(const Json& object, std::string_view key) {
  if (!object.is_object()) return kNull;
  const auto it = object.find(key);
  return it == object.end() ? kNull : *it;
}

const Json& GetPath(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* at = &object;
  for (const std::string_view key : path) at = &Get(*at, key);
  return *at;
}

std::string GetString(const Json& object, std::string_view key, std::string_view otherwise) {
  const Json& value = Get(object, key);
  return value.is_string() ? value.get_ref<const std::string&>() : std::string(otherwise);
}

int64_t GetInt(const Json& object, std::string_view key, int64_t otherwise) {
  const Json& value = Get(object, key);
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return otherwise;
  const double number = value.get<double>();
  // Converting what does not fit is undefined.
  return number > -9.2e18 && number < 9.2e18 ? static_cast<int64_t>(number) : otherwise;
}

bool GetBool(const Json& object, std::string_view key, bool otherwise) {
  const Json& value = Get(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

void MergePatch(Json& target, const Json& patch) { target.merge_patch(patch); }

}  // namespace kuma
