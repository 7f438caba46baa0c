// The authority of a mesh with mTLS: the "builtin" backend, which makes its own root, and the "provided" one, whose certificate and
// key the user gives. Also the roots of a bundled MeshIdentity, which have the same form with a trust domain in place of the mesh.
// Nothing here reads a store: secrets come in and go out as texts. Thread-safe, stateless.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/base/json.h"
#include "pkg/ca/certificate.h"
#include "pkg/ca/issue.h"
#include "pkg/ca/private_key.h"

namespace kuma::ca {

inline constexpr std::chrono::seconds kWorkloadClockSkew{10};
inline constexpr std::chrono::hours kRootValidity{10 * 365 * 24};
inline constexpr std::chrono::hours kWorkloadValidity{24};

// Names of the secrets of a builtin backend, in the mesh: "<mesh>.ca-builtin-cert-<backend>", "<mesh>.ca-builtin-key-<backend>".
std::string BuiltinCertSecretName(std::string_view mesh, std::string_view backend);
std::string BuiltinKeySecretName(std::string_view mesh, std::string_view backend);
// Names of the secrets of a bundled MeshIdentity that generates its own root: "<name>-root-ca", "<name>-private-key".
std::string IdentityRootSecretName(std::string_view identity);
std::string IdentityKeySecretName(std::string_view identity);

// Durations of certificates: a whole number and one of ms s m h d w y, or "0". Error: not a valid duration string: "1x".
Result<Nanos> ParseValidity(std::string_view text);

struct RootOptions {
  KeySpec key = kRsa2048;
  Nanos validity = kRootValidity;
};
// From mtls.backends[].conf of a builtin backend: caCert.RSAbits, caCert.expiration.
Result<RootOptions> ParseBuiltinConf(const Json& conf);
// From mtls.backends[]: dpCert.rotation.expiration, else 24 hours.
Result<Nanos> LeafValidityOf(const Json& backend);

// Violations of a provided pair: not a pair, no CA, key usages.
std::vector<Violation> ValidateProvidedCa(const KeyPair& pair);

// A new self-signed root: subject "CN=<trust domain>,OU=Mesh,O=Kuma", URI spiffe://<trust domain>. Slow for RSA keys.
Result<KeyPair> MakeRoot(std::string_view trust_domain, const RootOptions& options, const KeySource& keys, const Clock& clock);

}  // namespace kuma::ca
