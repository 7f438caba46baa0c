#include "pkg/store/postgres/table.h"

#include <algorithm>

#include "pkg/base/log.h"

namespace kuma::store::postgres {
namespace {

#define KUMA_PG_INSERT_ROWS \
  "INSERT INTO resources (name, mesh, type, version, spec, creation_time, modification_time, labels, status, owner_name, owner_mesh, owner_type)" \
  " SELECT n, m, t, v, spec, created::timestamp, modified::timestamp, labels, status, o_n, o_m, o_t FROM json_to_recordset($1::json) AS" \
  " k(n text, m text, t text, v integer, spec text, created text, modified text, labels jsonb, status jsonb, o_n text, o_m text, o_t text)"
#define KUMA_PG_MICROS(column) "(extract(epoch FROM " column ") * 1000000)::bigint"

int64_t Micros(SystemTime time) { return std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count(); }
SystemTime FromMicros(int64_t micros) { return SystemTime(std::chrono::microseconds(micros)); }

Json LabelsJson(const Labels& labels) {
  Json out = Json::object();
  for (const auto& [key, value] : labels) out[key] = value;
  return out;
}

Result<Json> ParseColumn(std::string_view text) {
  if (text.empty()) return Json();
  return ParseJson(text);
}

enum FetchColumn { kIndex, kExists, kVersion, kCreated, kModified, kSame, kSpec, kLabels, kStatus, kOwnerType, kOwnerMesh, kOwnerName };

Result<ResourcePtr> ParseResource(const ResourceKey& key, const Rows& rows, int row) {
  auto resource = std::make_shared<Resource>();
  resource->meta.key = key;
  resource->meta.version = static_cast<uint64_t>(rows.Int(row, kVersion)) + 1;
  resource->meta.creation_time = FromMicros(rows.Int(row, kCreated));
  resource->meta.modification_time = FromMicros(rows.Int(row, kModified));
  KUMA_TRY_ASSIGN(resource->spec, ParseColumn(rows.Text(row, kSpec)));
  if (resource->spec.is_null()) resource->spec = Json::object();
  KUMA_TRY_ASSIGN(const Json labels, ParseColumn(rows.Text(row, kLabels)));
  resource->meta.labels = TextMembers(labels);
  KUMA_TRY_ASSIGN(resource->status, ParseColumn(rows.Text(row, kStatus)));
  if (resource->status.empty()) resource->status = nullptr;  // {} is how the table says that there is none
  return ResourcePtr(std::move(resource));
}

}  // namespace

// The table's version of a new row is 0.
const Statement kInsertRow{"insert_row",
                           "INSERT INTO resources (name, mesh, type, version, spec, creation_time, modification_time, labels, status, owner_name, owner_mesh, owner_type)"
                           " VALUES ($1, $2, $3, 0, $4, $5::timestamp, $5::timestamp, $6::jsonb, $7::jsonb, $8, $9, $10)"};
const Statement kUpdateRow{"update_row",
                           "UPDATE resources SET version = version + 1, spec = $4, modification_time = $5::timestamp, labels = $6::jsonb, status = $7::jsonb"
                           " WHERE name = $1 AND mesh = $2 AND type = $3 AND version = $8::integer RETURNING " KUMA_PG_MICROS("creation_time")};
const Statement kDeleteRow{"delete_row", "DELETE FROM resources WHERE name = $1 AND mesh = $2 AND type = $3 RETURNING type, mesh, name"};
// Other versions of Kuma write some rows of a mesh (Dataplanes, secrets) without an owner.
const Statement kDeleteMesh{"delete_mesh", "DELETE FROM resources WHERE (name = $1 AND mesh = $2 AND type = $3) OR ($2 = '' AND mesh = $1) RETURNING type, mesh, name"};
// One statement, hence all or nothing; references are checked at its end.
const Statement kImportRows{
    "import_rows",
    KUMA_PG_INSERT_ROWS};
const Statement kInsertRows{"insert_rows", KUMA_PG_INSERT_ROWS " ON CONFLICT DO NOTHING RETURNING type, mesh, name"};
const Statement kUpdateRows{"update_rows",
                            "UPDATE resources r SET version = r.version + 1, spec = k.spec, modification_time = k.modified::timestamp, labels = k.labels, status = k.status"
                            " FROM json_to_recordset($1::json) AS k(i integer, n text, m text, t text, v integer, spec text, modified text, labels jsonb, status jsonb)"
                            " WHERE r.name = k.n AND r.mesh = k.m AND r.type = k.t AND r.version = k.v RETURNING " KUMA_PG_MICROS("r.creation_time") ", k.i"};
const Statement kListRows{"list_rows", "SELECT type, mesh, name, version, " KUMA_PG_MICROS("creation_time") " FROM resources"};
const Statement kFetchRows{
    "fetch_rows",
    "SELECT i, found, version, created, modified, same, CASE WHEN same THEN NULL ELSE spec END, CASE WHEN same THEN NULL ELSE labels::text END,"
    " CASE WHEN same THEN NULL ELSE status::text END, owner_type, owner_mesh, owner_name FROM ("
    "SELECT k.i, r.name IS NOT NULL AS found, r.version, " KUMA_PG_MICROS("r.creation_time") " AS created, " KUMA_PG_MICROS("r.modification_time") " AS modified,"
    " r.version = k.v AND " KUMA_PG_MICROS("r.creation_time") " = k.c AS same, r.spec, r.labels, r.status, r.owner_type, r.owner_mesh, r.owner_name"
    " FROM json_to_recordset($1::json) AS k(i integer, t text, m text, n text, v bigint, c bigint)"
    " LEFT JOIN resources r ON r.name = k.n AND r.mesh = k.m AND r.type = k.t) AS rows ORDER BY i"};

SystemTime ToColumnPrecision(SystemTime time) { return FromMicros(Micros(time)); }

std::vector<Param> InsertParams(const Resource& resource, const std::optional<ResourceKey>& owner) {
  const ResourceMeta& meta = resource.meta;
  std::vector<Param> params = {meta.name(),
                               meta.mesh(),
                               meta.type(),
                               ToJsonText(resource.spec),
                               FormatRfc3339(meta.modification_time),
                               ToJsonText(LabelsJson(meta.labels)),
                               resource.status.is_null() ? "{}" : ToJsonText(resource.status)};
  if (owner) {
    params.insert(params.end(), {owner->name, owner->mesh, owner->type});
  } else {
    params.insert(params.end(), 3, std::nullopt);
  }
  return params;
}

std::vector<Param> UpdateParams(const Resource& resource) {
  std::vector<Param> params = InsertParams(resource, std::nullopt);
  params.resize(7);
  params.emplace_back(std::to_string(static_cast<int64_t>(resource.meta.version) - 1));
  return params;
}

Json RowJson(const Resource& resource, const std::optional<ResourceKey>& owner, size_t index) {
  const ResourceMeta& meta = resource.meta;
  Json row = {{"i", index},
              {"n", meta.name()},
              {"m", meta.mesh()},
              {"t", meta.type()},
              {"v", static_cast<int64_t>(meta.version) - 1},
              {"spec", ToJsonText(resource.spec)},
              {"created", FormatRfc3339(ToColumnPrecision(meta.creation_time))},
              {"modified", FormatRfc3339(ToColumnPrecision(meta.modification_time))},
              {"labels", LabelsJson(meta.labels)},
              {"status", resource.status.is_null() ? Json::object() : resource.status}};
  if (owner) row.update({{"o_n", owner->name}, {"o_m", owner->mesh}, {"o_t", owner->type}});
  return row;
}

std::vector<Param> ImportParams(const std::vector<ImportedResource>& resources) {
  Json list = Json::array();
  for (const auto& [resource, owner] : resources) list.push_back(RowJson(*resource, owner, list.size()));
  return {ToJsonText(list)};
}

std::vector<Param> DeleteParams(const ResourceKey& key) { return {key.name, key.mesh, key.type}; }

std::vector<ResourceKey> ParseKeys(const Rows& rows) {
  std::vector<ResourceKey> keys;
  for (int row = 0; row < rows.count(); ++row) keys.push_back({std::string(rows.Text(row, 0)), std::string(rows.Text(row, 1)), std::string(rows.Text(row, 2))});
  std::stable_partition(keys.begin(), keys.end(), [](const ResourceKey& key) { return key.type != "Mesh"; });
  return keys;
}

SystemTime CreatedOf(const Rows& updated, int row) { return FromMicros(updated.Int(row, 0)); }

std::map<ResourceKey, RowState> ParseList(const Rows& rows) {
  std::map<ResourceKey, RowState> states;
  for (int row = 0; row < rows.count(); ++row) {
    states[{std::string(rows.Text(row, 0)), std::string(rows.Text(row, 1)), std::string(rows.Text(row, 2))}] = {static_cast<uint64_t>(rows.Int(row, 3)) + 1,
                                                                                                               FromMicros(rows.Int(row, 4))};
  }
  return states;
}

std::vector<Param> FetchParams(const std::vector<ResourceKey>& keys, const Mirror& mirror) {
  Json list = Json::array();
  for (size_t i = 0; i < keys.size(); ++i) {
    Json item = {{"i", i}, {"t", keys[i].type}, {"m", keys[i].mesh}, {"n", keys[i].name}};
    if (const std::optional<RowState> state = mirror.StateOf(keys[i])) {
      item["v"] = static_cast<int64_t>(state->version) - 1;
      item["c"] = Micros(state->created);
    }
    list.push_back(std::move(item));
  }
  return {ToJsonText(list)};
}

std::vector<FetchedRow> ParseFetched(const std::vector<ResourceKey>& keys, const Rows& rows) {
  static const Logger log{"postgres-store"};
  std::vector<FetchedRow> out;
  for (int row = 0; row < rows.count(); ++row) {
    FetchedRow fetched;
    fetched.key = keys[static_cast<size_t>(rows.Int(row, kIndex))];
    fetched.exists = rows.Bool(row, kExists);
    if (fetched.exists) {
      fetched.state = {static_cast<uint64_t>(rows.Int(row, kVersion)) + 1, FromMicros(rows.Int(row, kCreated))};
      if (!rows.IsNull(row, kOwnerType)) {
        fetched.owner = ResourceKey{std::string(rows.Text(row, kOwnerType)), std::string(rows.Text(row, kOwnerMesh)), std::string(rows.Text(row, kOwnerName))};
      }
      if (!rows.Bool(row, kSame)) {
        Result<ResourcePtr> resource = ParseResource(fetched.key, rows, row);
        if (!resource.ok()) {
          log.Error("a row of the table cannot be read and is left out", {{"type", fetched.key.type},
                                                                         {"mesh", fetched.key.mesh},
                                                                         {"name", fetched.key.name},
                                                                         {"error", resource.error().ToString()}});
          continue;
        }
        fetched.resource = std::move(resource).value();
      }
    }
    out.push_back(std::move(fetched));
  }
  return out;
}

}  // namespace kuma::store::postgres
