#include "pkg/api/config_dump.h"

#include "pkg/base/json.h"
#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

constexpr std::string_view kRedacted = "[redacted]";
constexpr size_t kMaxDepth = 200;

bool IsSecretField(std::string_view key) { return key == "private_key" || key == "password" || key == "session_ticket_keys"; }

// Envoy itself redacts fields that it knows to be sensitive; the headers of the stream to the control plane are not among them.
void Redact(Json& value, size_t depth) {
  if (depth > kMaxDepth) return;
  if (value.is_array()) {
    for (Json& item : value) Redact(item, depth + 1);
    return;
  }
  if (!value.is_object()) return;
  const Json& key = Get(value, "key");
  if (key.is_string() && ToLower(key.get_ref<const std::string&>()) == "authorization" && Get(value, "value").is_string()) value["value"] = kRedacted;
  for (auto& [name, member] : value.items()) {
    if (!IsSecretField(name)) {
      Redact(member, depth + 1);
    } else if (member.is_object()) {
      for (const char* source : {"inline_string", "inline_bytes"}) {
        if (member.contains(source)) member[source] = kRedacted;
      }
    }
  }
}

}  // namespace

Result<std::string> SanitizeConfigDump(const std::string& dump) {
  KUMA_TRY_ASSIGN(Json document, ParseJson(dump));
  Redact(document, 0);
  return ToPrettyJson(document) + "\n";
}

}  // namespace kuma::api
