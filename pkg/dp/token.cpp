#include "pkg/dp/token.h"

#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

Status CheckToken(const std::string& token) {
  if (token.find_first_of(std::string_view("\0\n\r", 3)) != std::string::npos) {
    return Invalid("Token shouldn't contain line breaks within the token, only at the start or end");
  }
  const std::vector<std::string> parts = Split(token, '.');
  if (parts.size() != 3) return Invalid("not valid JWT token: it must have three parts separated by dots");
  const auto header = Base64UrlDecode(parts[0]);
  const auto json = header.ok() ? ParseJson(*header) : Result<Json>(header.error());
  if (!json.ok() || !json->is_object()) return Invalid("not valid JWT token: its header cannot be read");
  if (GetString(*json, "alg").empty()) return Invalid("not valid JWT token. No Alg.");
  return Ok();
}

}  // namespace

Result<DataplaneToken> LoadToken(const Settings& settings, const std::string& work_dir) {
  DataplaneToken token;
  std::string source;
  if (!settings.token.empty()) {
    token.text = std::string(Trim(settings.token));
    token.path = JoinPath(work_dir, settings.name);
    source = "--dataplane-token / KUMA_DATAPLANE_RUNTIME_TOKEN";
  } else if (!settings.token_path.empty()) {
    auto file = ReadFile(settings.token_path, 1u << 20);
    if (!file.ok())
      return MakeError(file.error().code, "could not read the token in the file " + settings.token_path + ": " + file.error().message);
    token.text = std::string(Trim(*file));
    token.path = settings.token_path;
    source = settings.token_path;
    if (token.text.empty()) return Invalid("token under file " + settings.token_path + " is empty");
  }
  if (token.text.empty()) return token;
  if (const Status valid = CheckToken(token.text); !valid.ok()) {
    return Invalid("dataplane token is invalid (" + source + "): " + valid.error().message +
                   ". In Kubernetes you must mount a serviceAccount token, in universal you must start your proxy with a generated token "
                   "(kumactl generate dataplane-token).");
  }
  if (!settings.token.empty()) KUMA_TRY(WriteFileAtomic(token.path, token.text, 0600));
  return token;
}

}  // namespace kuma::dp
