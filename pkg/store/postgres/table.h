// The statements on the table `resources` and the reading of its rows. Values go in as parameters only.
#pragma once

#include <vector>

#include "pkg/store/postgres/connection.h"
#include "pkg/store/postgres/mirror.h"

namespace kuma::store::postgres {

extern const Statement kInsertRow, kUpdateRow, kInsertRows, kUpdateRows, kDeleteRow, kDeleteMesh, kImportRows, kListRows, kFetchRows;

// Columns hold microseconds; what the mirror keeps must be what a later read gives.
SystemTime ToColumnPrecision(SystemTime time);

std::vector<Param> InsertParams(const Resource& resource, const std::optional<ResourceKey>& owner);
std::vector<Param> UpdateParams(const Resource& resource);  // resource.meta.version: the one read before
// One row of the JSON that the statements of many rows take.
Json RowJson(const Resource& resource, const std::optional<ResourceKey>& owner, size_t index);
std::vector<Param> ImportParams(const std::vector<ImportedResource>& resources);
std::vector<Param> DeleteParams(const ResourceKey& key);
// What kDeleteRow, kDeleteMesh or kInsertRows named; what is deleted along with an owner is not among them. A mesh comes last.
std::vector<ResourceKey> ParseKeys(const Rows& rows);
SystemTime CreatedOf(const Rows& updated, int row = 0);  // of kUpdateRow's and kUpdateRows' answer

std::map<ResourceKey, RowState> ParseList(const Rows& rows);

// The states say what the asker has; rows that are the same come without their content.
std::vector<Param> FetchParams(const std::vector<ResourceKey>& keys, const Mirror& mirror);
// In the order of `keys`. A row that cannot be read is logged and left out.
std::vector<FetchedRow> ParseFetched(const std::vector<ResourceKey>& keys, const Rows& rows);

}  // namespace kuma::store::postgres
