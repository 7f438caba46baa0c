#include "pkg/base/result.h"

namespace kuma {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kUnauthorized: return "unauthorized";
    case ErrorCode::kForbidden: return "forbidden";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kTooLarge: return "too large";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

std::string Error::ToString() const { return path.empty() ? message : path + ": " + message; }

Error MakeError(ErrorCode code, std::string message, std::string path) {
  return Error{code, std::move(path), std::move(message), {}};
}

}  // namespace kuma
