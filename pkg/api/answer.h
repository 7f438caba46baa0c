// What a handler of the REST API answers: a status with a document or a text. The router turns it into bytes (JSON or YAML), so
// handlers know nothing of headers and formats.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pkg/base/json.h"
#include "pkg/io/http_types.h"
#include "pkg/tokens/identities.h"

namespace kuma::api {

struct Answer {
  int status = 200;
  Json json = nullptr;                 // sent when there is no text
  std::optional<std::string> text = std::nullopt;
  std::string content_type = "application/json";
  io::HttpHeaders headers = {};

  static Answer Document(Json document, int status = 200);
  static Answer Text(std::string text, std::string content_type = "text/plain", int status = 200);
  static Answer Empty(int status) { return Text({}, {}, status); }
};

// A request that was matched and authenticated.
struct ApiRequest {
  io::HttpRequest http;
  std::string pattern;                        // of the route: "/meshes/{mesh}/dataplanes/{name}"
  std::map<std::string, std::string> params;  // {mesh}, {name}, …
  tokens::UserIdentity user;

  const std::string& Param(const std::string& name) const;  // empty when the pattern has none
  std::string Query(const std::string& name) const { return http.Query(name); }
  std::vector<std::string> QueryAll(const std::string& name) const;
};
using RequestPtr = std::shared_ptr<const ApiRequest>;

// Called once, from any thread.
using Reply = std::function<void(Answer)>;
using Handler = std::function<void(const RequestPtr&, const Reply&)>;

// For handlers that answer at once.
Handler Sync(std::function<Answer(const ApiRequest&)> handler);

}  // namespace kuma::api
