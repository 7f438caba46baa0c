// Names of key kinds, for keys and for certificates. Internal to this folder.
#pragma once

#include <string>

#include "pkg/ca/openssl.h"

namespace kuma::ca {

// "RSA-2048", "EC-P256", "ED25519"; "unknown" otherwise.
std::string DescribeKey(const EVP_PKEY* key);

}  // namespace kuma::ca
