#include "pkg/ca/mesh_ca.h"

#include "pkg/base/strings.h"
#include "pkg/ca/spiffe_id.h"

namespace kuma::ca {

std::string BuiltinCertSecretName(std::string_view mesh, std::string_view backend) {
  return std::string(mesh) + ".ca-builtin-cert-" + std::string(backend);
}

std::string BuiltinKeySecretName(std::string_view mesh, std::string_view backend) {
  return std::string(mesh) + ".ca-builtin-key-" + std::string(backend);
}

std::string IdentityRootSecretName(std::string_view identity) { return std::string(identity) + "-root-ca"; }
std::string IdentityKeySecretName(std::string_view identity) { return std::string(identity) + "-private-key"; }

Result<Nanos> ParseValidity(std::string_view text) {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  static constexpr std::pair<std::string_view, milliseconds> kUnits[] = {
      {"ms", milliseconds(1)}, {"y", hours(365 * 24)}, {"w", hours(7 * 24)},          {"d", hours(24)},
      {"h", hours(1)},         {"m", milliseconds(60000)}, {"s", milliseconds(1000)},
  };
  if (text == "0") return Nanos(0);
  const Error error = Invalid("not a valid duration string: \"" + std::string(text) + "\"");
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = ParseInt(text.substr(0, digits));
  if (digits == 0 || !number.has_value()) return error;
  for (const auto& [unit, length] : kUnits) {
    if (text.substr(digits) != unit) continue;
    if (*number > Nanos::max() / Nanos(length)) return error;
    return Nanos(length) * *number;
  }
  return error;
}

Result<RootOptions> ParseBuiltinConf(const Json& conf) {
  RootOptions options;
  const Json& cert = Get(conf, "caCert");
  for (const char* field : {"RSAbits", "rsaBits"}) {
    if (const int64_t bits = GetInt(cert, field); bits != 0) options.key.bits = static_cast<int>(std::clamp<int64_t>(bits, 0, 1 << 20));
  }
  if (const std::string expiration = GetString(cert, "expiration"); !expiration.empty()) {
    KUMA_TRY_ASSIGN(options.validity, ParseValidity(expiration));
  }
  return options;
}

Result<Nanos> LeafValidityOf(const Json& backend) {
  const std::string expiration = GetString(GetPath(backend, {"dpCert", "rotation"}), "expiration");
  if (expiration.empty()) return Nanos(kWorkloadValidity);
  return ParseValidity(expiration);
}

std::vector<Violation> ValidateProvidedCa(const KeyPair& pair) {
  std::vector<Violation> violations;
  if (const Status fits = CheckPair(pair); !fits.ok()) {
    violations.push_back({"cert", "not a valid TLS key pair: " + fits.error().message});
    return violations;
  }
  const Result<std::vector<CertFacts>> certs = ParseCertificates(pair.cert_pem);
  if (!certs.ok()) {
    violations.push_back({"cert", "not a valid TLS key pair: " + certs.error().message});
    return violations;
  }
  for (size_t i = 0; i < certs->size(); ++i) {
    const CertFacts& cert = (*certs)[i];
    const std::string field = "cert[" + std::to_string(i) + "]";
    if (!cert.is_ca) {
      violations.push_back({field, "basic constraint 'CA' must be set to 'true' (see X509-SVID: 4.1. Basic Constraints)"});
    }
    if (!cert.HasKeyUsage("keyCertSign")) {
      violations.push_back({field, "key usage extension 'keyCertSign' must be set (see X509-SVID: 4.3. Key Usage)"});
    }
    if (cert.HasKeyUsage("keyAgreement")) {
      violations.push_back({field, "key usage extension 'keyAgreement' must NOT be set (see X509-SVID: Appendix A. X.509 Field Reference)"});
    }
  }
  return violations;
}

Result<KeyPair> MakeRoot(std::string_view trust_domain, const RootOptions& options, const KeySource& keys, const Clock& clock) {
  CertRequest request;
  KUMA_TRY_ASSIGN(std::string id, SpiffeId(trust_domain));
  KUMA_TRY_ASSIGN(const PrivateKey key, keys(options.key));
  request.subject = {{"O", "Kuma"}, {"OU", "Mesh"}, {"CN", std::string(trust_domain)}};
  request.uri_sans = {std::move(id)};
  request.not_before = clock.Now() - kWorkloadClockSkew;
  request.not_after = TimeAfter(clock.Now(), options.validity);
  request.is_ca = true;
  request.cert_sign = true;
  request.crl_sign = true;
  return SelfSign(request, key);
}

}  // namespace kuma::ca
