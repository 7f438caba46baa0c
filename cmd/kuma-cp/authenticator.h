// Authentication of proxies by dataplane and zone tokens (dpServer.authn.*.type dpToken / zoneToken).
#pragma once

#include <memory>
#include <string>

#include "pkg/config/config.h"
#include "pkg/dpserver/lifecycle.h"
#include "pkg/tokens/signing_keys.h"

namespace kuma::cp {

// Token secrets of the store.
tokens::SecretSource SecretSourceOf(store::Store& store);

class TokenAuthenticator final : public dpserver::ProxyAuthenticator {
 public:
  TokenAuthenticator(const config::Config& config, store::Store& store, const Clock& clock);
  Status Authenticate(const xds::ProxyNode& node, const std::string& credential, const Resource& resource) override;

 private:
  const config::Config config_;
  store::Store& store_;
  const Clock& clock_;
  const bool check_dataplanes_;
  const bool check_zone_proxies_;
};

}  // namespace kuma::cp
