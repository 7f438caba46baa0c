// Making tokens: a JWT signed by RS256, its key named in the header. One issuer per kind of token and mesh; kumactl uses the same
// with a key of a file. Thread-safe when the key source is.
#pragma once

#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/base/random.h"
#include "pkg/tokens/identities.h"
#include "pkg/tokens/signing_keys.h"

namespace kuma::tokens {

class Issuer {
 public:
  Issuer(SigningKeySource key, const Clock& clock, Random& random) : key_(std::move(key)), clock_(clock), random_(random) {}

  // Claims of an identity plus jti, iat, nbf (both five seconds ago) and exp.
  Result<std::string> Issue(Json claims, Nanos valid_for) const;

 private:
  const SigningKeySource key_;
  const Clock& clock_;
  Random& random_;
};

// For a control plane whose configuration turns issuing off.
inline Error IssuerDisabled() { return Invalid("issuing tokens using the control plane is disabled."); }

}  // namespace kuma::tokens
