// Who sends a request, and whether a web page of another site makes a browser send it. Pure functions of the request; any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/io/http_types.h"
#include "pkg/tokens/identities.h"

namespace kuma::api {

struct AuthenticationOptions {
  bool localhost_is_admin = true;
  bool client_certificates = false;  // apiServer.authn.type adminClientCerts: a verified certificate makes an admin
  // apiServer.authn.type tokens; empty: bearer tokens are not looked at.
  std::function<Result<tokens::UserIdentity>(std::string_view token)> validate_token;
};

// Anonymous without credentials. kUnauthorized: the token is not valid.
Result<tokens::UserIdentity> Authenticate(const io::HttpRequest& request, const AuthenticationOptions& options);

// A direct call from this machine: loopback peer and Host, no trace of a proxy, and not by a page of another origin.
bool IsDirectLoopback(const io::HttpRequest& request);

// kForbidden when a browser sends it for a page of another origin that is not allowed, or for one that reached this machine under a
// name that is not its own (DNS rebinding). Requests without Origin and Sec-Fetch-Site come from no page and pass.
Status CheckOrigin(const io::HttpRequest& request, const std::vector<std::string>& allowed_origins);
// An entry is an origin, a host name, or ".*" for all.
bool IsAllowedOrigin(std::string_view origin, const std::vector<std::string>& allowed_origins);

}  // namespace kuma::api
