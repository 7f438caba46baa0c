#include "pkg/config/check_context.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "pkg/base/strings.h"
#include "pkg/config/checks.h"
#include "pkg/config/value.h"

namespace kuma::config {
namespace {

// Names of Go's crypto/tls, which the reference takes.
constexpr std::array<std::string_view, 26> kCipherSuites = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_FALLBACK_SCSV",
};

bool IsAddressOf(int family, const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

}  // namespace

bool IsIpAddress(const std::string& text) { return IsAddressOf(AF_INET, text) || IsAddressOf(AF_INET6, text); }

bool IsCidr(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string address = text.substr(0, slash);
  const auto bits = ParseInt(std::string_view(text).substr(slash + 1));
  if (!bits || *bits < 0) return false;
  return (IsAddressOf(AF_INET, address) && *bits <= 32) || (IsAddressOf(AF_INET6, address) && *bits <= 128);
}

bool IsDnsName(const std::string& text) {
  if (text.empty() || text.size() > 253 || IsIpAddress(text)) return false;
  for (const std::string& label : Split(text, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
    const bool plain = std::all_of(label.begin(), label.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!plain) return false;
  }
  return true;
}

void CheckContext::Add(std::string_view key, std::string_view what) {
  const size_t index = config_.table().Find(key);
  const bool secret = index != OptionTable::npos && config_.table().options()[index].secret;
  const std::string value = secret ? std::string(kMaskedSecret) : config_.GetString(key);
  violations_.push_back({std::string(key), "\"" + value + "\" from " + config_.SourceOf(key).ToString() + " " + std::string(what)});
}

void CheckContext::NotEmpty(std::string_view key) {
  if (IsZero(config_.GetJson(key))) violations_.push_back({std::string(key), "must not be empty"});
}

void CheckContext::NotZero(std::string_view key) {
  if (config_.GetInt(key) == 0) Add(key, "must not be zero");
}

void CheckContext::Positive(std::string_view key) {
  if (config_.GetDuration(key) <= Nanos(0)) Add(key, "must be longer than 0s");
}

void CheckContext::NotNegative(std::string_view key) {
  if (config_.GetDuration(key) < Nanos(0)) Add(key, "must not be shorter than 0s");
}

void CheckContext::Cidr(std::string_view key) {
  if (!IsCidr(config_.GetString(key))) Add(key, "is not a network such as 240.0.0.0/4");
}

void CheckContext::CidrList(std::string_view key) {
  for (const std::string& item : config_.GetList(key)) {
    if (!IsCidr(item)) Add(key, "has an item that is not a network such as 10.0.0.0/8: \"" + item + "\"");
  }
}

void CheckContext::CertPair(std::string_view cert_key, std::string_view key_key) {
  const bool cert = !config_.GetString(cert_key).empty();
  const bool key = !config_.GetString(key_key).empty();
  if (cert && !key) violations_.push_back({std::string(key_key), "must not be empty when " + std::string(cert_key) + " is set"});
  if (key && !cert) violations_.push_back({std::string(cert_key), "must not be empty when " + std::string(key_key) + " is set"});
}

void CheckContext::CipherSuites(std::string_view key) {
  for (const std::string& name : config_.GetList(key)) {
    if (std::find(kCipherSuites.begin(), kCipherSuites.end(), name) != kCipherSuites.end()) continue;
    const std::string near = NearestName(name, {kCipherSuites.begin(), kCipherSuites.end()});
    Add(key, "has an unknown cipher suite \"" + name + "\"" + (near.empty() ? "" : ", did you mean " + near + "?"));
  }
}

void CheckContext::PublicKeys(std::string_view key) {
  const Json& keys = config_.GetJson(key);
  for (size_t i = 0; i < keys.size(); ++i) {
    const std::string path = std::string(key) + "[" + std::to_string(i) + "]";
    if (GetString(keys[i], "kid").empty()) violations_.push_back({path + ".kid", "must not be empty"});
    const bool text = !GetString(keys[i], "key").empty();
    const bool file = !GetString(keys[i], "keyFile").empty();
    if (text == file) violations_.push_back({path, text ? "must have only one of key and keyFile" : "must have key or keyFile"});
  }
}

Status CheckContext::Finish() && {
  if (violations_.empty()) return Ok();
  return ViolationsError(std::move(violations_));
}

Error ViolationsError(std::vector<Violation> violations) {
  std::string message = "configuration is not valid:";
  for (const Violation& violation : violations) message += "\n  " + violation.field + ": " + violation.message;
  Error error = Invalid(std::move(message));
  error.violations = std::move(violations);
  return error;
}

}  // namespace kuma::config
