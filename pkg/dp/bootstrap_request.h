// The JSON that kuma-dp sends to POST /bootstrap. Field names and their quirks belong to the wire contract between versions.
#pragma once

#include <optional>
#include <string>

#include "pkg/base/json.h"
#include "pkg/dp/envoy_binary.h"
#include "pkg/dp/settings.h"

namespace kuma::dp {

struct BootstrapFacts {
  EnvoyVersion envoy;
  std::string token;  // trimmed; empty: none
  std::string token_path;
  std::string ca_pem;
  std::string work_dir;
  uint16_t readiness_port = 0;
  uint64_t max_heap_bytes = 0;
  bool ipv6 = false;
  std::string system_ca_path;
  const Json* resource = nullptr;  // null: the control plane has it
};

Json MakeBootstrapRequest(const Settings& settings, const BootstrapFacts& facts);

}  // namespace kuma::dp
