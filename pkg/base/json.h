// JSON and YAML as one document type. nlohmann::json throws; only these wrappers call its parsing side.
// Objects are ordered by key, so text output is deterministic.
#pragma once

#include <boost/container/flat_map.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/label_map.h"
#include "pkg/base/result.h"

namespace kuma {

// An object's members lie in one sorted block: documents are kept by the thousand, read and copied far more often than changed.
// A reference to a member is good until a member is added to or removed from the same object.
template <typename Key, typename Value, typename Less, typename /*Allocator*/>
using FlatObject = boost::container::flat_map<Key, Value, Less>;
using Json = nlohmann::basic_json<FlatObject>;
using Member = std::pair<std::string, Json>;

// An object of these members, in any order; of equal keys the last counts. Cheaper than adding many members one by one.
Json MakeObject(std::vector<Member> members);

// Errors carry line and column. Depth is limited to 200; duplicate keys keep the last one.
Result<Json> ParseJson(std::string_view text);

// Every document of a YAML stream (JSON is YAML too); empty documents are dropped. Plain scalars get their YAML 1.2 core
// type plus the YAML 1.1 booleans that Kuma's users write (true/false only; yes/no stay strings). Aliases are expanded
// up to a limit, depth is limited to 200. Errors say line and column.
Result<std::vector<Json>> ParseYamlStream(std::string_view text);

// One YAML or JSON document; more than one is an error.
Result<Json> ParseYaml(std::string_view text);

// Block style YAML, keys in order, strings quoted only where needed; ends with a newline.
std::string ToYaml(const Json& value);

// Compact JSON text. Invalid UTF-8 is replaced, never an exception.
std::string ToJsonText(const Json& value);
std::string ToPrettyJson(const Json& value, int indent = 1);

// Member access that cannot fail: a null Json when the value is no object or has no such key.
const Json& Get(const Json& object, std::string_view key);
// Follows a path: GetPath(spec, {"networking", "address"}).
const Json& GetPath(const Json& object, std::initializer_list<std::string_view> path);
std::string GetString(const Json& object, std::string_view key, std::string_view otherwise = {});
int64_t GetInt(const Json& object, std::string_view key, int64_t otherwise = 0);
// Members that are texts, such as labels and tags; anything but an object gives none.
LabelMap TextMembers(const Json& object);
bool GetBool(const Json& object, std::string_view key, bool otherwise = false);

// RFC 7396 merge patch: objects merge, null deletes, everything else replaces.
void MergePatch(Json& target, const Json& patch);

}  // namespace kuma
