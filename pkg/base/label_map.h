// Labels and tags: small maps of texts that are copied far more often than changed. Copies share one block, which a change of a
// shared one copies first; so an endpoint, its inbound and its Dataplane cost one set of labels. Ordered by key, looks like std::map.
// Like a std::map, one object is changed by one thread at a time; copies of it may live on any thread.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <compare>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kuma {

class LabelMap {
 public:
  using key_type = std::string;
  using mapped_type = std::string;
  using value_type = std::pair<std::string, std::string>;
  using size_type = size_t;
  using const_iterator = std::vector<value_type>::const_iterator;
  using iterator = const_iterator;  // keys order the entries and blocks are shared: values change through operator[] only

  LabelMap() = default;
  LabelMap(std::initializer_list<value_type> entries) : LabelMap(entries.begin(), entries.end()) {}
  // Of equal keys the first one stays.
  explicit LabelMap(std::vector<value_type> entries);
  template <typename Iterator>
  LabelMap(Iterator first, Iterator last) {
    std::vector<value_type> entries;
    for (; first != last; ++first) entries.emplace_back(first->first, first->second);
    *this = LabelMap(std::move(entries));
  }

  const_iterator begin() const { return Entries().begin(); }
  const_iterator end() const { return Entries().end(); }
  size_t size() const { return Entries().size(); }
  bool empty() const { return Entries().empty(); }

  const_iterator find(std::string_view key) const;
  bool contains(std::string_view key) const { return find(key) != end(); }
  size_t count(std::string_view key) const { return contains(key) ? 1 : 0; }
  // REQUIRES: contains(key)
  const std::string& at(std::string_view key) const { return find(key)->second; }

  // The reference is good until the next change or copy.
  std::string& operator[](std::string_view key);
  // An entry with this key stays as it is.
  std::pair<const_iterator, bool> emplace(std::string key, std::string value);
  std::pair<const_iterator, bool> insert(value_type entry) { return emplace(std::move(entry.first), std::move(entry.second)); }
  const_iterator insert(const_iterator /*hint*/, value_type entry) { return insert(std::move(entry)).first; }
  template <typename Iterator>
  void insert(Iterator first, Iterator last) {
    for (; first != last; ++first) emplace(first->first, first->second);
  }
  void insert_or_assign(std::string_view key, std::string value) { (*this)[key] = std::move(value); }
  size_t erase(std::string_view key);
  const_iterator erase(const_iterator entry);
  void clear() { block_.reset(); }

  friend bool operator==(const LabelMap& a, const LabelMap& b) { return a.block_ == b.block_ || a.Entries() == b.Entries(); }
  friend auto operator<=>(const LabelMap& a, const LabelMap& b) { return a.Entries() <=> b.Entries(); }

 private:
  struct Block : boost::intrusive_ref_counter<Block, boost::thread_safe_counter> {
    explicit Block(std::vector<value_type> e) : entries(std::move(e)) {}
    std::vector<value_type> entries;
  };

  const std::vector<value_type>& Entries() const;
  std::vector<value_type>& Own();  // entries that no copy shares
  size_t Position(std::string_view key) const;  // of the first entry that is not less
  std::vector<value_type>::iterator Add(size_t position, std::string key, std::string value);

  boost::intrusive_ptr<Block> block_;  // null: empty
};

}  // namespace kuma
