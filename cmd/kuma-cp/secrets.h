// Secrets of the store as bytes, for certificate authorities and tokens. Thread-safe as the store is.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pkg/store/store.h"

namespace kuma::cp {

class Secrets {
 public:
  explicit Secrets(store::Store& store) : store_(store) {}

  // mesh "": a GlobalSecret. nullopt: there is none.
  Result<std::optional<std::string>> Find(const std::string& mesh, const std::string& name) const;
  // The stored bytes; when there are none, `make` is called and its bytes are stored. Of several writers the first one wins.
  // `owner`: what it is deleted with; without one, the mesh.
  Result<std::string> FindOrCreate(const std::string& mesh, const std::string& name, const std::function<Result<std::string>()>& make,
                                   std::optional<ResourceKey> owner = std::nullopt);

 private:
  store::Store& store_;
};

}  // namespace kuma::cp
