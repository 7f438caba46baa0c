#include "pkg/ca/leaf_issuer.h"

namespace kuma::ca {

SystemTime NextRotation(const IssuedPair& pair) { return pair.issued_at + (pair.not_after - pair.issued_at) / 5 * 4; }

bool NeedsRotation(const IssuedPair& pair, SystemTime now) { return now > NextRotation(pair); }

Result<IssuedPair> IssueLeaf(const Authority& authority, const LeafRequest& request, const KeySource& keys, const Clock& clock) {
  KUMA_TRY_ASSIGN(const PrivateKey key, keys(authority.LeafSpec()));
  const SystemTime now = clock.Now();
  CertRequest cert;
  cert.uri_sans = request.uris;
  cert.not_before = now - kWorkloadClockSkew;
  cert.not_after = TimeAfter(now, request.validity);
  cert.digital_signature = true;
  cert.key_encipherment = true;
  cert.key_agreement = true;
  cert.server_auth = true;
  cert.client_auth = true;
  KUMA_TRY_ASSIGN(KeyPair pair, authority.Sign(cert, key));
  return IssuedPair{std::move(pair.cert_pem), std::move(pair.key_pem), {authority.cert_pem()}, now,
                    std::chrono::floor<std::chrono::seconds>(cert.not_before), std::chrono::floor<std::chrono::seconds>(cert.not_after)};
}

AuthorityIssuer::AuthorityIssuer(AuthoritySource authorities, KeySource keys, const Clock& clock)
    : authorities_(std::move(authorities)), keys_(std::move(keys)), clock_(clock) {}

Result<std::shared_ptr<const Authority>> AuthorityIssuer::Find(const LeafRequest& request) {
  Result<KeyPair> pair = authorities_(request.mesh, request.backend);
  if (!pair.ok()) {
    Error error = std::move(pair).error();
    error.message = "failed to load CA key pair for Mesh \"" + request.mesh + "\" and backend \"" + request.backend + "\": " + error.message;
    return error;
  }
  const std::pair key{request.mesh, request.backend};
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = parsed_.find(key); found != parsed_.end() && found->second.pair == *pair) return found->second.authority;
  }
  Result<Authority> authority = Authority::Load(*pair);
  if (!authority.ok()) {
    Error error = std::move(authority).error();
    error.message = "failed to load CA key pair: failed to parse TLS key pair: " + error.message;
    return error;
  }
  auto shared = std::make_shared<const Authority>(*std::move(authority));
  const std::lock_guard lock(mutex_);
  parsed_.insert_or_assign(key, Parsed{*std::move(pair), shared});
  return std::shared_ptr<const Authority>(shared);
}

Result<IssuedPair> AuthorityIssuer::Issue(const LeafRequest& request) {
  KUMA_TRY_ASSIGN(const std::shared_ptr<const Authority> authority, Find(request));
  return IssueLeaf(*authority, request, keys_, clock_);
}

}  // namespace kuma::ca
