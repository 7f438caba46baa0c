#include "cmd/demo/control_plane_client.h"

#include "pkg/base/strings.h"

namespace kuma::demo {
namespace {

// The sentences of an error body.
std::string Explain(const std::string& body) {
  const auto error = ParseJson(body);
  if (!error.ok() || !error->is_object()) return body.substr(0, 500);
  std::string text = GetString(*error, "detail", GetString(*error, "title"));
  const Json& fields = Get(*error, "invalid_parameters");
  if (!fields.is_array()) return text;
  for (const Json& field : fields) text += "; " + GetString(field, "field") + ": " + GetString(field, "reason");
  return text;
}

}  // namespace

Result<std::string> ControlPlaneClient::Send(const std::string& method, const std::string& path, const Json& body) {
  io::HttpClientRequest request;
  request.method = method;
  request.url = url_ + path;
  if (!body.is_null()) {
    request.headers.Set("content-type", "application/json");
    request.body = ToJsonText(body);
  }
  KUMA_TRY_ASSIGN(io::HttpResponse response, client_.Fetch(request));
  if (response.status / 100 == 2) return std::move(response.body);
  const std::string text = method + " " + path + " was answered with " + std::to_string(response.status) + ": " + Explain(response.body);
  if (response.status == 404) return NotFound(text);
  return response.status == 400 ? Invalid(text) : Unavailable(text);
}

Status ControlPlaneClient::PutMesh(const std::string& mesh, bool mtls) {
  Json body = {{"type", "Mesh"}, {"name", mesh}};
  if (mtls) body["mtls"] = {{"enabledBackend", "ca-1"}, {"backends", {{{"name", "ca-1"}, {"type", "builtin"}, {"mode", "STRICT"}}}}};
  KUMA_TRY(Send("PUT", "/meshes/" + UrlEncode(mesh), body));
  return Ok();
}

Status ControlPlaneClient::PutPermission(const std::string& mesh, const std::string& name, const std::string& source,
                                         const std::string& destination) {
  const auto service = [](const std::string& of) { return Json{{"kind", "MeshSubset"}, {"tags", {{"kuma.io/service", of}}}}; };
  const Json body = {
      {"type", "MeshTrafficPermission"},
      {"mesh", mesh},
      {"name", name},
      {"spec", {{"targetRef", service(destination)}, {"from", {{{"targetRef", service(source)}, {"default", {{"action", "Allow"}}}}}}}}};
  KUMA_TRY(Send("PUT", "/meshes/" + UrlEncode(mesh) + "/meshtrafficpermissions/" + UrlEncode(name), body));
  return Ok();
}

Result<std::string> ControlPlaneClient::DataplaneToken(const std::string& mesh, const std::string& name) {
  return Send("POST", "/tokens/dataplane", {{"mesh", mesh}, {"name", name}, {"tags", {{"kuma.io/service", {name}}}}});
}

Result<bool> ControlPlaneClient::IsOnline(const std::string& mesh, const std::string& name) {
  Result<std::string> text = Send("GET", "/meshes/" + UrlEncode(mesh) + "/dataplanes/" + UrlEncode(name) + "/_overview", nullptr);
  if (!text.ok()) {
    if (text.error().code == ErrorCode::kNotFound) return false;
    return std::move(text).error();
  }
  KUMA_TRY_ASSIGN(const Json overview, ParseJson(*text));
  const Json& subscriptions = GetPath(overview, {"dataplaneInsight", "subscriptions"});
  if (!subscriptions.is_array() || subscriptions.empty()) return false;
  const Json& last = subscriptions.back();
  // Counters are 64 bit integers, which protobuf's JSON form writes as texts.
  const Json& acknowledged = GetPath(last, {"status", "lds", "responsesAcknowledged"});
  return Get(last, "disconnectTime").is_null() && !acknowledged.is_null() && acknowledged != "0" && acknowledged != 0;
}

}  // namespace kuma::demo
