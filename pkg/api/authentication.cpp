#include "pkg/api/authentication.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <optional>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

constexpr std::string_view kBearer = "Bearer ";

struct Authority {
  std::string host;  // lower case, without brackets and final dot; addresses in their normal form
  std::string port;
  friend bool operator==(const Authority&, const Authority&) = default;
};

std::string CanonicalHost(std::string_view text) {
  std::string host = ToLower(text);
  if (host.ends_with('.')) host.pop_back();
  std::array<unsigned char, sizeof(in6_addr)> address{};
  std::array<char, INET6_ADDRSTRLEN> normal{};
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, host.c_str(), address.data()) == 1 && inet_ntop(family, address.data(), normal.data(), normal.size()) != nullptr) {
      return normal.data();
    }
  }
  return host;
}

bool IsLoopback(const std::string& canonical_host) {
  if (canonical_host == "localhost" || canonical_host == "::1") return true;
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (inet_pton(AF_INET, canonical_host.c_str(), address.data()) == 1) return address[0] == 127;
  const std::string mapped = "::ffff:127.";
  return canonical_host.starts_with(mapped);
}

std::optional<Authority> ParseAuthority(std::string_view scheme, std::string_view text) {
  if (text.empty() || text.find_first_of("/?#@ \\") != std::string_view::npos) return std::nullopt;
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.front() == '[') {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = text.substr(1, end - 1);
    const std::string_view rest = text.substr(end + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  Authority authority{CanonicalHost(host), std::string(port)};
  if (authority.host.empty()) return std::nullopt;
  if (!has_port) authority.port = scheme == "https" ? "443" : "80";
  const std::optional<int64_t> number = ParseInt(authority.port);
  if (!number.has_value() || *number <= 0 || *number > 65535) return std::nullopt;
  return authority;
}

struct Origin {
  std::string scheme;
  Authority authority;
};

std::optional<Origin> ParseOrigin(std::string_view text) {
  const size_t at = text.find("://");
  if (at == std::string_view::npos) return std::nullopt;
  std::string scheme = ToLower(text.substr(0, at));
  if (scheme != "http" && scheme != "https") return std::nullopt;
  std::optional<Authority> authority = ParseAuthority(scheme, text.substr(at + 3));
  if (!authority.has_value()) return std::nullopt;
  return Origin{std::move(scheme), *std::move(authority)};
}

bool HasProxyHeaders(const io::HttpRequest& request) {
  for (const char* name : {"Forwarded", "X-Forwarded-For", "X-Real-IP"}) {
    if (!request.headers.Get(name).empty()) return true;
  }
  return false;
}

bool IsLoopbackPeer(const io::HttpRequest& request) {
  const std::optional<Authority> peer = ParseAuthority("http", request.peer.address);
  return peer.has_value() && IsLoopback(peer->host);
}

bool HasLoopbackHost(const io::HttpRequest& request) {
  const std::optional<Authority> host = ParseAuthority("http", request.host);
  return host.has_value() && IsLoopback(host->host);
}

bool IsSameOrigin(const Origin& origin, std::string_view host_header) {
  const std::optional<Authority> host = ParseAuthority(origin.scheme, host_header);
  return host.has_value() && *host == origin.authority;
}

}  // namespace

bool IsDirectLoopback(const io::HttpRequest& request) {
  if (!IsLoopbackPeer(request) || HasProxyHeaders(request) || !HasLoopbackHost(request)) return false;
  const std::string_view site = request.headers.Get("Sec-Fetch-Site");
  if (!site.empty() && site != "same-origin" && site != "none") return false;
  const std::string_view text = request.headers.Get("Origin");
  if (text.empty()) return true;
  const std::optional<Origin> origin = ParseOrigin(text);
  return origin.has_value() && IsLoopback(origin->authority.host) && IsSameOrigin(*origin, request.host);
}

bool IsAllowedOrigin(std::string_view text, const std::vector<std::string>& allowed_origins) {
  const std::optional<Origin> origin = ParseOrigin(text);
  return std::any_of(allowed_origins.begin(), allowed_origins.end(), [&](const std::string& allowed) {
    if (allowed == ".*" || allowed == "*" || ToLower(allowed) == ToLower(text)) return true;
    return origin.has_value() && ToLower(allowed) == origin->authority.host;
  });
}

Status CheckOrigin(const io::HttpRequest& request, const std::vector<std::string>& allowed_origins) {
  const std::string_view text = request.headers.Get("Origin");
  if (text.empty()) {
    const std::string_view site = request.headers.Get("Sec-Fetch-Site");
    const bool is_navigation = request.headers.Get("Sec-Fetch-Mode") == "navigate" && request.method == "GET";
    if ((site == "cross-site" || site == "same-site") && !is_navigation) {
      return MakeError(ErrorCode::kForbidden, "requests from pages of other sites are not allowed (apiServer.corsAllowedDomains)");
    }
    return Ok();
  }
  if (IsAllowedOrigin(text, allowed_origins)) return Ok();
  const std::optional<Origin> origin = ParseOrigin(text);
  if (!origin.has_value() || !IsSameOrigin(*origin, request.host)) {
    return MakeError(ErrorCode::kForbidden, "requests from pages of origin " + std::string(text.substr(0, 200)) + " are not allowed (apiServer.corsAllowedDomains)");
  }
  if (IsLoopbackPeer(request) && !HasProxyHeaders(request) && !HasLoopbackHost(request)) {
    return MakeError(ErrorCode::kForbidden, "this machine is not " + request.host.substr(0, 200) + "; use localhost");
  }
  return Ok();
}

Result<tokens::UserIdentity> Authenticate(const io::HttpRequest& request, const AuthenticationOptions& options) {
  if (options.localhost_is_admin && IsDirectLoopback(request)) return tokens::AdminUser().Authenticated();
  if (options.client_certificates && !request.peer.client_cert_pem.empty()) return tokens::AdminUser().Authenticated();
  const std::string_view header = request.headers.Get("Authorization");
  if (options.validate_token && header.starts_with(kBearer)) {
    Result<tokens::UserIdentity> user = options.validate_token(header.substr(kBearer.size()));
    if (!user.ok()) {
      const Logger log{"api-server.authn"};
      log.Info("authentication rejected", {{"reason", user.error().ToString()}});
      return MakeError(ErrorCode::kUnauthorized, "Unauthenticated");
    }
    return user.value().Authenticated();
  }
  return tokens::AnonymousUser();
}

}  // namespace kuma::api
