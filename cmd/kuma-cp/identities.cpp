#include "cmd/kuma-cp/identities.h"

#include "pkg/base/strings.h"
#include "pkg/base/files.h"
#include "pkg/ca/spiffe_id.h"

namespace kuma::cp {
namespace {

ca::TagSet TagsOf(const mesh::Dataplane& dataplane) {
  ca::TagSet tags;
  for (const auto& [key, values] : dataplane.TagSet()) tags[key].insert(values.begin(), values.end());
  return tags;
}

}  // namespace

MeshIdentities::MeshIdentities(Secrets& secrets, ca::KeySource keys, const Clock& clock)
    : secrets_(secrets),
      keys_(keys),
      clock_(clock),
      issuer_([this](const std::string& mesh, const std::string& backend) { return LoadAuthority(mesh, backend); }, keys, clock) {}

Digest MeshIdentities::RequestKey(const xds::IdentityRequest& request) const {
  DigestBuilder digest;
  digest.Add(request.mesh->name).Add(ToJsonText(request.mesh->backend));
  for (const auto& [key, values] : TagsOf(*request.dataplane)) {
    digest.Add(key).Add(uint64_t{values.size()});
    for (const std::string& value : values) digest.Add(value);
  }
  return digest.Finish();
}

Result<std::string> MeshIdentities::ReadDataSource(const std::string& mesh, const Json& source) const {
  if (const std::string secret = GetString(source, "secret"); !secret.empty()) {
    KUMA_TRY_ASSIGN(const std::optional<std::string> bytes, secrets_.Find(mesh, secret));
    if (!bytes) return NotFound("secret \"" + secret + "\" of mesh \"" + mesh + "\" does not exist");
    return *bytes;
  }
  if (const std::string text = GetString(source, "inlineString"); !text.empty()) return text;
  if (const std::string text = GetString(source, "inline"); !text.empty()) return Base64Decode(text);
  if (const std::string path = GetString(source, "file"); !path.empty()) return ReadFile(path);
  return Invalid("a data source needs one of: secret, inline, inlineString, file");
}

Status MeshIdentities::EnsureAuthority(const std::string& mesh, const Json& backend) {
  const std::string name = GetString(backend, "name");
  if (GetString(backend, "type") != "builtin") return Ok();
  const std::string cert_name = ca::BuiltinCertSecretName(mesh, name);
  const std::string key_name = ca::BuiltinKeySecretName(mesh, name);
  KUMA_TRY_ASSIGN(const std::optional<std::string> known_cert, secrets_.Find(mesh, cert_name));
  KUMA_TRY_ASSIGN(const std::optional<std::string> known_key, secrets_.Find(mesh, key_name));
  if (known_cert && known_key) return Ok();
  KUMA_TRY_ASSIGN(const ca::RootOptions options, ca::ParseBuiltinConf(Get(backend, "conf")));
  KUMA_TRY_ASSIGN(const ca::KeyPair root, ca::MakeRoot(mesh, options, keys_, clock_));
  KUMA_TRY_ASSIGN(const std::string stored_cert, secrets_.FindOrCreate(mesh, cert_name, [&]() -> Result<std::string> { return root.cert_pem; }));
  // Two control planes may race: only the one whose certificate was stored may store its key.
  if (stored_cert == root.cert_pem) {
    KUMA_TRY_ASSIGN(const std::string stored_key, secrets_.FindOrCreate(mesh, key_name, [&]() -> Result<std::string> { return root.key_pem; }));
  }
  return Ok();
}

Result<ca::KeyPair> MeshIdentities::LoadAuthority(const std::string& mesh, const std::string& backend_name) {
  Json backend;
  {
    const std::lock_guard lock(mutex_);
    const auto it = backends_.find({mesh, backend_name});
    if (it == backends_.end()) return Internal("backend \"" + backend_name + "\" was not announced");
    backend = it->second;
  }
  const std::string type = GetString(backend, "type");
  if (type == "provided") {
    const Json& conf = Get(backend, "conf");
    KUMA_TRY_ASSIGN(std::string cert, ReadDataSource(mesh, Get(conf, "cert")));
    KUMA_TRY_ASSIGN(std::string key, ReadDataSource(mesh, Get(conf, "key")));
    return ca::KeyPair{std::move(cert), std::move(key)};
  }
  if (type != "builtin") return Invalid("mTLS backend type \"" + type + "\" is not supported (allowed: builtin, provided)");
  KUMA_TRY(EnsureAuthority(mesh, backend));
  KUMA_TRY_ASSIGN(const std::optional<std::string> cert, secrets_.Find(mesh, ca::BuiltinCertSecretName(mesh, backend_name)));
  KUMA_TRY_ASSIGN(const std::optional<std::string> key, secrets_.Find(mesh, ca::BuiltinKeySecretName(mesh, backend_name)));
  if (!cert || !key) return Unavailable("the authority of mesh \"" + mesh + "\" is being made; try again");
  return ca::KeyPair{*cert, *key};
}

Result<xds::IdentityPtr> MeshIdentities::Issue(const xds::IdentityRequest& request) {
  const Json& backend = request.mesh->backend;
  {
    const std::lock_guard lock(mutex_);
    backends_[{request.mesh->name, request.mesh->backend_name}] = backend;
  }
  ca::LeafRequest leaf;
  leaf.mesh = request.mesh->name;
  leaf.backend = request.mesh->backend_name;
  KUMA_TRY_ASSIGN(leaf.uris, ca::WorkloadUris(request.mesh->name, TagsOf(*request.dataplane)));
  KUMA_TRY_ASSIGN(leaf.validity, ca::LeafValidityOf(backend));
  KUMA_TRY_ASSIGN(const ca::IssuedPair pair, issuer_.Issue(leaf));

  auto identity = std::make_shared<xds::Identity>();
  identity->backend = request.mesh->backend_name;
  identity->cert_pem = pair.cert_pem;
  identity->key_pem = pair.key_pem;
  identity->ca_pems = pair.ca_pems;
  identity->issued_at = pair.issued_at;
  identity->not_before = pair.not_before;
  identity->not_after = pair.not_after;
  identity->rotate_at = ca::NextRotation(pair);
  for (const Json& one : GetPath(request.mesh->resource->spec, {"mtls", "backends"})) identity->supported_backends.push_back(GetString(one, "name"));
  DigestBuilder digest;
  digest.Add(identity->cert_pem).Add(identity->key_pem);
  for (const std::string& pem : identity->ca_pems) digest.Add(pem);
  identity->digest = digest.Finish();
  return xds::IdentityPtr(std::move(identity));
}

void AdminCerts::Prepare() {
  const auto make_ca = [&]() -> Result<std::string> {
    KUMA_TRY_ASSIGN(const ca::KeyPair pair, ca::MakeEnvoyAdminCa(keys_, clock_));
    return pair.cert_pem + pair.key_pem;
  };
  const auto load = [&]() -> Status {
    KUMA_TRY_ASSIGN(const std::string data, secrets_.FindOrCreate("", ca::kEnvoyAdminCaSecret, make_ca));
    KUMA_TRY_ASSIGN(const ca::KeyPair pair, ca::SplitPair(data));
    KUMA_TRY_ASSIGN(ca::Authority authority, ca::Authority::Load(pair));
    KUMA_TRY_ASSIGN(ca::PrivateKey key, keys_(authority.LeafSpec()));
    const std::lock_guard lock(mutex_);
    authority_ = std::make_unique<ca::Authority>(std::move(authority));
    key_ = std::make_unique<ca::PrivateKey>(std::move(key));
    return Ok();
  };
  if (const Status status = load(); !status.ok()) {
    log_.Error("the Envoy admin authority is not usable; proxies get no admin listener", {{"error", status.error().ToString()}});
  }
  const std::lock_guard lock(mutex_);
  prepared_ = true;
  prepared_cv_.notify_all();
}

xds::AdminMaterialPtr AdminCerts::For(const std::string& address) {
  std::unique_lock lock(mutex_);
  prepared_cv_.wait(lock, [&] { return prepared_; });
  if (authority_ == nullptr) return nullptr;
  std::weak_ptr<const xds::AdminMaterial>& slot = issued_[address];
  if (xds::AdminMaterialPtr known = slot.lock()) return known;
  const ca::KeySource same_key = [this](const ca::KeySpec&) -> Result<ca::PrivateKey> { return *key_; };
  Result<ca::KeyPair> pair = ca::IssueInternalCert(*authority_, ca::CertPurpose::kServer, {address}, same_key, clock_);
  if (!pair.ok()) {
    log_.Error("cannot issue a certificate for an admin listener", {{"address", address}, {"error", pair.error().ToString()}});
    return nullptr;
  }
  auto material = std::make_shared<xds::AdminMaterial>(xds::AdminMaterial{authority_->cert_pem(), pair->cert_pem, pair->key_pem});
  slot = material;
  return material;
}

}  // namespace kuma::cp
