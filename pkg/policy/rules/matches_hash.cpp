// The hash of a list of HTTP matches names routes and shows up in the inspect API, so its text form is a wire format.
#include <openssl/sha.h>

#include <array>
#include <initializer_list>

#include "pkg/base/strings.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {
namespace {

// JSON text with the characters escaped that are special in HTML.
std::string Quoted(const Json& value) {
  std::string text = ToJsonText(value);
  for (const auto& [from, to] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"\xE2\x80\xA8", "\\u2028"}, {"\xE2\x80\xA9", "\\u2029"}}) {
    text = ReplaceAll(std::move(text), from, to);
  }
  return text;
}

// `names` in order; a name with a leading '?' is left out when absent.
std::string Object(const Json& value, std::initializer_list<std::string_view> names) {
  std::string out = "{";
  for (std::string_view name : names) {
    const bool optional = name.front() == '?';
    if (optional) name.remove_prefix(1);
    const Json& field = Get(value, name);
    if (field.is_null() && optional) continue;
    if (out.size() > 1) out += ',';
    out += '"' + std::string(name) + "\":" + (field.is_null() ? "\"\"" : Quoted(field));
  }
  return out + '}';
}

std::string List(const Json& items, std::initializer_list<std::string_view> names) {
  std::string out = "[";
  for (const Json& item : items) {
    if (out.size() > 1) out += ',';
    out += Object(item, names);
  }
  return out + ']';
}

std::string MatchText(const Json& match) {
  std::string out = "{";
  const auto field = [&](std::string_view name, const std::string& text) {
    if (out.size() > 1) out += ',';
    out += '"' + std::string(name) + "\":" + text;
  };
  if (const Json& path = Get(match, "path"); path.is_object()) field("path", Object(path, {"value", "type"}));
  if (const Json& method = Get(match, "method"); !method.is_null()) field("method", Quoted(method));
  if (const Json& params = Get(match, "queryParams"); params.is_array()) field("queryParams", List(params, {"type", "name", "value"}));
  if (const Json& headers = Get(match, "headers"); headers.is_array()) field("headers", List(headers, {"?type", "name", "?value"}));
  return out + '}';
}

}  // namespace

std::string HashMatches(const Json& matches) {
  std::string text = "null";
  if (matches.is_array()) {
    text = "[";
    for (const Json& match : matches) {
      if (text.size() > 1) text += ',';
      text += MatchText(match);
    }
    text += ']';
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return Base64Encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace kuma::policy
