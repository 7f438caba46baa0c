// Rows of the table `resources` and resources as each other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/store/sqlite/database.h"
#include "pkg/store/store.h"

namespace kuma::store::sqlite {

// The texts of a row; made by the thread that writes the resource, not by the one that all writes go through.
struct RowText {
  std::string labels;
  std::string spec;
  std::optional<std::string> status;
};

RowText EncodeRow(const Resource& resource);

class RowWriter {
 public:
  static Result<RowWriter> Prepare(Database& database);

  Status Insert(const Resource& resource, const RowText& text, const std::optional<ResourceKey>& owner);
  Status Update(const Resource& resource, const RowText& text);
  Status Delete(const ResourceKey& key);
  Status SetRevision(uint64_t revision);

 private:
  RowWriter(Statement insert, Statement update, Statement erase, Statement revision)
      : insert_(std::move(insert)), update_(std::move(update)), delete_(std::move(erase)), revision_(std::move(revision)) {}
  Statement insert_;
  Statement update_;
  Statement delete_;
  Statement revision_;
};

// A row that cannot be understood: what it calls itself, and why.
struct BadRow {
  ResourceKey key;
  std::string reason;
};

struct Contents {
  std::vector<ImportedResource> resources;  // ordered by type, mesh, name
  std::vector<BadRow> bad;
  uint64_t revision = 0;
};

Result<Contents> ReadContents(Database& database);

}  // namespace kuma::store::sqlite
