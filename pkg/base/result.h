// Errors are values. Result<T> holds a value or an Error{code, path, message}; it is shaped like std::expected so
// that it can become it. Used by every folder. A dropped Result is a compiler warning, hence an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace kuma {

// The few codes on which callers branch; everything else is text.
enum class ErrorCode {
  kInvalid,       // bad input: the message says what, where and what is allowed (HTTP 400, gRPC INVALID_ARGUMENT)
  kNotFound,      // 404
  kConflict,      // optimistic version mismatch or already exists (409)
  kUnauthorized,  // no or wrong credentials (401)
  kForbidden,     // known but not allowed (403)
  kUnavailable,   // a dependency does not answer; trying again may help (503)
  kTooLarge,      // over a limit (413)
  kInternal,      // our fault (500)
};

std::string_view ErrorCodeName(ErrorCode code);

// One thing wrong with a document: `field` is a path such as "spec.to[0].targetRef.kind".
struct Violation {
  std::string field;
  std::string message;
  friend bool operator==(const Violation&, const Violation&) = default;
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string path;     // of the document, file or key the error is about; may be empty
  std::string message;  // what is wrong, what is allowed, what to do next
  std::vector<Violation> violations;  // validation errors, all of them, in field order

  // "path: message" or just the message.
  std::string ToString() const;
};

Error MakeError(ErrorCode code, std::string message, std::string path = {});
inline Error Invalid(std::string message, std::string path = {}) { return MakeError(ErrorCode::kInvalid, std::move(message), std::move(path)); }
inline Error NotFound(std::string message, std::string path = {}) { return MakeError(ErrorCode::kNotFound, std::move(message), std::move(path)); }
inline Error Internal(std::string message, std::string path = {}) { return MakeError(ErrorCode::kInternal, std::move(message), std::move(path)); }
inline Error Unavailable(std::string message, std::string path = {}) { return MakeError(ErrorCode::kUnavailable, std::move(message), std::move(path)); }

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}     // NOLINT: conversion is the point
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok()
  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T value() && { return std::get<0>(std::move(state_)); }  // by value, so that `for (x : Load().value())` lives as long as its loop
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // REQUIRES: !ok()
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  T value_or(T other) const& { return ok() ? value() : std::move(other); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: conversion is the point

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status Ok() { return {}; }

}  // namespace kuma

// Returns the error of a Result expression, or goes on. TRY_ASSIGN(auto x, Load()) declares x with the value.
#define KUMA_CONCAT_INNER(a, b) a##b
#define KUMA_CONCAT(a, b) KUMA_CONCAT_INNER(a, b)
#define KUMA_TRY(expr)                                            \
  do {                                                            \
    auto kuma_status = (expr);                                    \
    if (!kuma_status.ok()) return std::move(kuma_status).error(); \
  } while (false)
#define KUMA_TRY_ASSIGN_IMPL(tmp, lhs, expr)     \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).error();  \
  lhs = std::move(tmp).value()
#define KUMA_TRY_ASSIGN(lhs, expr) KUMA_TRY_ASSIGN_IMPL(KUMA_CONCAT(kuma_result_, __LINE__), lhs, expr)
