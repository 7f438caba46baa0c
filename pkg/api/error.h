// Errors as clients of the reference know them: {type, status, title, detail, invalid_parameters} plus the older `details` and `causes`.
#pragma once

#include <string>
#include <vector>

#include "pkg/api/answer.h"
#include "pkg/base/result.h"

namespace kuma::api {

struct ApiError {
  int status = 500;
  std::string title;
  std::string detail;
  std::vector<Violation> invalid_parameters = {};
};

Json ErrorDocument(const ApiError& error);
Answer Fail(const ApiError& error);
// By the error's code. `title` says what was being done; some codes have a title of their own.
Answer Fail(const Error& error, const std::string& title);

// 400 "bad request: …".
Answer BadRequest(const std::string& text);
Answer NotFoundAnswer(const std::string& title);
Answer MethodNotAllowed(const std::string& detail);

// The answer of the HTTP server itself (bad syntax, too large, time-outs).
io::HttpResponse ServerErrorResponse(int status, std::string_view detail);

}  // namespace kuma::api
