#include "pkg/base/json.h"

#include <algorithm>
#include <iterator>

namespace kuma {
namespace {

constexpr size_t kMaxDepth = 200;
const Json kNull;

// Builds a document from the parser's events. Members are gathered and sorted once per object: put in one by one, an object of many
// unsorted members would take quadratic time.
class Builder : public nlohmann::json_sax<Json> {
 public:
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t& value) override { return Add(std::move(value)); }
  bool start_object(size_t) override { return Open(true); }
  bool start_array(size_t) override { return Open(false); }
  bool key(string_t& name) override {
    levels_.back().key = std::move(name);
    return true;
  }
  bool end_object() override {
    std::vector<Member> members = std::move(levels_.back().members);
    levels_.pop_back();
    return Add(MakeObject(std::move(members)));
  }
  bool end_array() override {
    std::vector<Json> items = std::move(levels_.back().items);
    levels_.pop_back();
    items.shrink_to_fit();
    return Add(std::move(items));
  }
  bool parse_error(size_t /*position*/, const std::string& /*token*/, const Json::exception& problem) override {
    error_ = problem.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." -> the part that people need.
    if (const size_t at = error_.find("] "); at != std::string::npos) error_ = error_.substr(at + 2);
    return false;
  }

  Json& root() { return root_; }
  const std::string& error() const { return error_; }

 private:
  struct Level {
    std::string key;  // of the member that comes next
    std::vector<Member> members;
    std::vector<Json> items;
    bool is_object = false;
  };

  // Deeper documents are refused here, since destroying one would recurse as deep.
  bool Open(bool is_object) {
    if (levels_.size() < kMaxDepth) {
      levels_.emplace_back().is_object = is_object;
      return true;
    }
    error_ = "is nested deeper than " + std::to_string(kMaxDepth) + " levels";
    return false;
  }
  bool Add(Json value) {
    if (levels_.empty()) {
      root_ = std::move(value);
    } else if (Level& level = levels_.back(); level.is_object) {
      level.members.emplace_back(std::move(level.key), std::move(value));
    } else {
      level.items.push_back(std::move(value));
    }
    return true;
  }

  std::vector<Level> levels_;
  Json root_;
  std::string error_;
};

}  // namespace

Json MakeObject(std::vector<Member> members) {
  const auto less = [](const Member& a, const Member& b) { return a.first < b.first; };
  if (!std::is_sorted(members.begin(), members.end(), less)) std::stable_sort(members.begin(), members.end(), less);
  // unique keeps the first of equal ones, and it is the last that counts.
  const auto same = [](const Member& a, const Member& b) { return a.first == b.first; };
  const auto kept = std::unique(members.rbegin(), members.rend(), same).base();
  return Json::object_t(boost::container::ordered_unique_range, std::make_move_iterator(kept), std::make_move_iterator(members.end()));
}

Result<Json> ParseJson(std::string_view text) {
  Builder builder;
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) return Invalid(builder.error());
  return std::move(builder.root());
}

std::string ToJsonText(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string ToPrettyJson(const Json& value, int indent) { return value.dump(indent, ' ', false, Json::error_handler_t::replace); }

const Json& Get(const Json& object, std::string_view key) {
  if (!object.is_object()) return kNull;
  const auto it = object.find(key);
  return it == object.end() ? kNull : *it;
}

const Json& GetPath(const Json& object, std::initializer_list<std::string_view> path) {
  const Json* at = &object;
  for (const std::string_view key : path) at = &Get(*at, key);
  return *at;
}

std::string GetString(const Json& object, std::string_view key, std::string_view otherwise) {
  const Json& value = Get(object, key);
  return value.is_string() ? value.get_ref<const std::string&>() : std::string(otherwise);
}

int64_t GetInt(const Json& object, std::string_view key, int64_t otherwise) {
  const Json& value = Get(object, key);
  if (value.is_number_integer()) return value.get<int64_t>();
  if (!value.is_number_float()) return otherwise;
  const double number = value.get<double>();
  // Converting what does not fit is undefined.
  return number > -9.2e18 && number < 9.2e18 ? static_cast<int64_t>(number) : otherwise;
}

LabelMap TextMembers(const Json& object) {
  if (!object.is_object()) return {};
  std::vector<LabelMap::value_type> entries;
  entries.reserve(object.size());
  for (const auto& [key, value] : object.items()) {
    if (value.is_string()) entries.emplace_back(key, value.get_ref<const std::string&>());
  }
  return LabelMap(std::move(entries));
}

bool GetBool(const Json& object, std::string_view key, bool otherwise) {
  const Json& value = Get(object, key);
  return value.is_boolean() ? value.get<bool>() : otherwise;
}

void MergePatch(Json& target, const Json& patch) { target.merge_patch(patch); }

}  // namespace kuma
