#include "pkg/policy/mesh_proxy_patch/json_patch.h"

#include <optional>

#include "pkg/base/strings.h"

namespace kuma::policy {

namespace {

// A list is never made longer than this by an index behind its end.
constexpr int64_t kLongestPadding = 1024;

struct Place {
  std::vector<std::string> parents;
  std::string key;
};

Result<Place> ParsePointer(const std::string& pointer) {
  if (pointer.empty() || pointer[0] != '/') return Invalid("path must begin with /", pointer);
  Place place;
  place.parents = Split(pointer.substr(1), '/');
  if (place.parents.empty()) place.parents.emplace_back();  // "/": the member with the empty name
  for (std::string& token : place.parents) token = ReplaceAll(ReplaceAll(token, "~1", "/"), "~0", "~");
  place.key = std::move(place.parents.back());
  place.parents.pop_back();
  return place;
}

bool IsIndex(const std::string& token) { return token == "-" || ParseInt(token).has_value(); }

// Element of a list; nothing: none there. `count` is one more than the last index that may be meant.
std::optional<size_t> FindIndex(const std::string& token, size_t count) {
  std::optional<int64_t> index = ParseInt(token);
  if (!index) return std::nullopt;
  if (*index < 0) *index += static_cast<int64_t>(count);
  if (*index < 0 || *index >= static_cast<int64_t>(count)) return std::nullopt;
  return static_cast<size_t>(*index);
}

Json* FindChild(Json& parent, const std::string& token) {
  if (parent.is_object()) {
    const auto it = parent.find(token);
    return it == parent.end() ? nullptr : &*it;
  }
  if (!parent.is_array()) return nullptr;
  const std::optional<size_t> index = FindIndex(token, parent.size());
  return index ? &parent[*index] : nullptr;
}

Json* FindParent(Json& document, const Place& place) {
  Json* at = &document;
  for (const std::string& token : place.parents) {
    at = FindChild(*at, token);
    if (at == nullptr) return nullptr;
  }
  return at->is_structured() ? at : nullptr;
}

Status AddTo(Json& parent, const std::string& key, Json value) {
  if (parent.is_object()) {
    parent[key] = std::move(value);
    return Ok();
  }
  if (!parent.is_array()) return Invalid("has no members to add to", key);
  if (key == "-") {
    parent.push_back(std::move(value));
    return Ok();
  }
  const std::optional<size_t> index = FindIndex(key, parent.size() + 1);
  if (!index) return Invalid("is no index of the list", key);
  parent.insert(parent.begin() + static_cast<Json::difference_type>(*index), std::move(value));
  return Ok();
}

Status Pad(Json& list, const std::string& token) {
  const int64_t index = ParseInt(token).value_or(0);
  if (index < 0 || index > kLongestPadding) return Invalid("is no index of the list", token);
  while (static_cast<int64_t>(list.size()) < index) list.push_back(nullptr);
  return Ok();
}

Status Add(Json& document, const Place& place, Json value) {
  Json* at = &document;
  for (size_t i = 0; i < place.parents.size(); ++i) {
    const std::string& token = place.parents[i];
    Json* child = FindChild(*at, token);
    if (child == nullptr || child->is_null()) {
      const std::string& next = i + 1 < place.parents.size() ? place.parents[i + 1] : place.key;
      Json made = IsIndex(next) ? Json::array() : Json::object();
      if (made.is_array() && next != "-") KUMA_TRY(Pad(made, next));
      if (child != nullptr) {
        *child = std::move(made);
      } else {
        if (at->is_array() && token != "-") KUMA_TRY(Pad(*at, token));
        KUMA_TRY(AddTo(*at, token, std::move(made)));
        child = at->is_array() ? &at->back() : FindChild(*at, token);
      }
    }
    at = child;
  }
  return AddTo(*at, place.key, std::move(value));
}

void Remove(Json& document, const Place& place) {
  Json* parent = FindParent(document, place);
  if (parent == nullptr || FindChild(*parent, place.key) == nullptr) return;
  if (parent->is_object()) {
    parent->erase(place.key);
  } else {
    parent->erase(*FindIndex(place.key, parent->size()));
  }
}

Result<Json> TakeFrom(Json& document, const std::string& pointer, bool remove) {
  KUMA_TRY_ASSIGN(const Place place, ParsePointer(pointer));
  Json* parent = FindParent(document, place);
  Json* value = parent == nullptr ? nullptr : FindChild(*parent, place.key);
  if (value == nullptr) return Invalid("does not exist", pointer);
  Json copy = *value;
  if (remove) Remove(document, place);
  return copy;
}

Status Apply(Json& document, const Json& patch) {
  const std::string op = GetString(patch, "op");
  KUMA_TRY_ASSIGN(const Place place, ParsePointer(GetString(patch, "path")));
  if (op == "add") return Add(document, place, Get(patch, "value"));
  if (op == "remove") {
    Remove(document, place);
    return Ok();
  }
  if (op == "replace") {
    Json* parent = FindParent(document, place);
    Json* value = parent == nullptr ? nullptr : FindChild(*parent, place.key);
    if (value == nullptr) return Invalid("does not exist, so that it cannot be replaced", GetString(patch, "path"));
    *value = Get(patch, "value");
    return Ok();
  }
  if (op != "move" && op != "copy") return Invalid("unknown operation " + op);
  KUMA_TRY_ASSIGN(Json value, TakeFrom(document, GetString(patch, "from"), op == "move"));
  return Add(document, place, std::move(value));
}

}  // namespace

Status ApplyJsonPatches(Json& document, const Json& patches) {
  Json patched = document;
  for (const Json& patch : patches) KUMA_TRY(Apply(patched, patch));
  document = std::move(patched);
  return Ok();
}

}  // namespace kuma::policy
