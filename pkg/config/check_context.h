// Small checks shared by the roles: each adds a violation that names the key, the value and its source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/config/config.h"

namespace kuma::config {

class CheckContext {
 public:
  explicit CheckContext(const Config& config) : config_(config) {}

  const Config& config() const { return config_; }
  Status Finish() &&;

  // `what` follows the value and source: "must not be empty".
  void Add(std::string_view key, std::string_view what);
  void NotEmpty(std::string_view key);
  void NotZero(std::string_view key);
  void Positive(std::string_view key);     // durations
  void NotNegative(std::string_view key);  // durations
  void Cidr(std::string_view key);
  void CidrList(std::string_view key);
  // Both files or none.
  void CertPair(std::string_view cert_key, std::string_view key_key);
  void CipherSuites(std::string_view key);
  // {kid, key} or {kid, keyFile}
  void PublicKeys(std::string_view key);

 private:
  const Config& config_;
  std::vector<Violation> violations_;
};

bool IsIpAddress(const std::string& text);
bool IsCidr(const std::string& text);
bool IsDnsName(const std::string& text);

}  // namespace kuma::config
