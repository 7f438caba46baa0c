// The statements on the table `resources` and the reading of its rows. Values go in as parameters only.
#pragma once

#include <vector>

#include "pkg/store/postgres/connection.h"
#include "pkg/store/postgres/mirror.h"

namespace kuma::store::postgres {

extern const Statement kInsertRow, kUpdateRow, kDeleteRow, kDeleteMesh, kImportRows, kListRows, kFetchRows;

// Columns hold microseconds; what the mirror keeps must be what a later read gives.
SystemTime ToColumnPrecision(SystemTime time);

std::vector<Param> InsertParams(const Resource& resource, const std::optional<ResourceKey>& owner);
std::vector<Param> UpdateParams(const Resource& resource);  // resource.meta.version: the one read before
std::vector<Param> ImportParams(const std::vector<ImportedResource>& resources);
std::vector<Param> DeleteParams(const ResourceKey& key);
// What kDeleteRow or kDeleteMesh named; what is deleted along with an owner is not among them. A mesh comes last.
std::vector<ResourceKey> ParseDeleted(const Rows& rows);
SystemTime CreatedOf(const Rows& updated);  // of kUpdateRow's answer

std::map<ResourceKey, RowState> ParseList(const Rows& rows);

// The states say what the asker has; rows that are the same come without their content.
std::vector<Param> FetchParams(const std::vector<ResourceKey>& keys, const Mirror& mirror);
// In the order of `keys`. A row that cannot be read is logged and left out.
std::vector<FetchedRow> ParseFetched(const std::vector<ResourceKey>& keys, const Rows& rows);

}  // namespace kuma::store::postgres
