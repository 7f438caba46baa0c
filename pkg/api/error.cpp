#include "pkg/api/error.h"

#include "pkg/base/log.h"

namespace kuma::api {
namespace {

const Logger& Log() {
  static const Logger log{"api-server"};
  return log;
}

ApiError Describe(const Error& error, const std::string& title) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      if (!error.violations.empty()) return {400, title, "Resource is not valid", error.violations};
      return {400, "Bad Request", error.ToString()};
    case ErrorCode::kNotFound: return {404, title, "Not found"};
    case ErrorCode::kConflict: return {409, "Conflict", error.message.empty() ? "Conflict" : error.message};
    case ErrorCode::kUnauthorized: return {401, title, "Unauthenticated"};
    case ErrorCode::kForbidden: return {403, "Access Denied", error.message};
    case ErrorCode::kUnavailable: return {503, "Service unavailable", error.message.empty() ? "Service unavailable" : error.message};
    case ErrorCode::kTooLarge: return {413, title, error.message};
    case ErrorCode::kInternal: break;
  }
  Log().Error(title, {{"error", error.ToString()}});
  return {500, title, "Internal Server Error"};
}

}  // namespace

Json ErrorDocument(const ApiError& error) {
  Json document = {{"type", "/std-errors"}, {"status", error.status}, {"title", error.title}, {"detail", error.detail}, {"details", error.detail}};
  if (!error.invalid_parameters.empty()) {
    Json parameters = Json::array();
    Json causes = Json::array();
    for (const Violation& violation : error.invalid_parameters) {
      parameters.push_back({{"field", violation.field}, {"reason", violation.message}});
      causes.push_back({{"field", violation.field}, {"message", violation.message}});
    }
    document["invalid_parameters"] = std::move(parameters);
    document["causes"] = std::move(causes);
  }
  return document;
}

Answer Fail(const ApiError& error) { return Answer::Document(ErrorDocument(error), error.status); }
Answer Fail(const Error& error, const std::string& title) { return Fail(Describe(error, title)); }

Answer BadRequest(const std::string& text) { return Fail({400, "Bad Request", "bad request: " + text}); }
Answer NotFoundAnswer(const std::string& title) { return Fail({404, title, "Not found"}); }
Answer MethodNotAllowed(const std::string& detail) { return Fail({405, "Method not allowed", detail}); }

io::HttpResponse ServerErrorResponse(int status, std::string_view detail) {
  const ApiError error{status, std::string(io::StatusText(status)), std::string(detail)};
  io::HttpResponse response;
  response.status = status;
  response.headers.Add("Content-Type", "application/json");
  response.body = ToPrettyJson(ErrorDocument(error)) + "\n";
  return response;
}

}  // namespace kuma::api
