// Certificates of workloads. A LeafIssuer is what generation and rotation use; AuthorityIssuer is the one that signs with an
// authority of ours. Issuing takes 0.4 ms with a key from a KeyPool, else as long as making a key: call it on a worker thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/ca/issue.h"
#include "pkg/ca/mesh_ca.h"

namespace kuma::ca {

struct LeafRequest {
  std::string mesh;
  std::string backend;            // name of the mTLS backend or of the MeshIdentity
  std::vector<std::string> uris;  // WorkloadUris() or one SPIFFE ID
  Nanos validity = kWorkloadValidity;
};

struct IssuedPair {
  std::string cert_pem;
  std::string key_pem;
  std::vector<std::string> ca_pems;  // what peers are verified against
  SystemTime issued_at;
  SystemTime not_before;
  SystemTime not_after;
};

// A pair is replaced after 4/5 of its life: issued_at + (not_after - issued_at) / 5 * 4.
SystemTime NextRotation(const IssuedPair& pair);
bool NeedsRotation(const IssuedPair& pair, SystemTime now);

class LeafIssuer {
 public:
  virtual ~LeafIssuer() = default;
  virtual Result<IssuedPair> Issue(const LeafRequest& request) = 0;
};

// Signs one leaf: empty subject, RSA-2048 (or the authority's curve), server and client, valid from 10 seconds ago.
Result<IssuedPair> IssueLeaf(const Authority& authority, const LeafRequest& request, const KeySource& keys, const Clock& clock);

// Certificate and key of a backend of a mesh, from wherever they are kept.
using AuthoritySource = std::function<Result<KeyPair>(const std::string& mesh, const std::string& backend)>;

class AuthorityIssuer : public LeafIssuer {
 public:
  AuthorityIssuer(AuthoritySource authorities, KeySource keys, const Clock& clock);

  // Thread-safe when the sources are. A parsed authority is kept until its texts change.
  Result<IssuedPair> Issue(const LeafRequest& request) override;

 private:
  struct Parsed {
    KeyPair pair;
    std::shared_ptr<const Authority> authority;
  };
  Result<std::shared_ptr<const Authority>> Find(const LeafRequest& request);

  const AuthoritySource authorities_;
  const KeySource keys_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Parsed> parsed_;  // guarded by mutex_
};

}  // namespace kuma::ca
