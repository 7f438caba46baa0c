// Secrets that SPIRE's agent serves to a proxy in place of the control plane. A TlsIdentity whose certificate is named by a SPIFFE ID
// refers to it. Constants only.
#pragma once

namespace kuma::envoy {

inline constexpr char kAgentCluster[] = "system_identity_sds-spire-agent";
inline constexpr char kAgentCaSecret[] = "ALL";  // the agent's name for the authorities of all trust domains it knows

}  // namespace kuma::envoy
