#include "pkg/store/sqlite/rows.h"

namespace kuma::store::sqlite {
namespace {

int64_t ToColumn(SystemTime time) { return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count(); }
SystemTime FromColumn(int64_t nanos) { return SystemTime(std::chrono::duration_cast<SystemTime::duration>(std::chrono::nanoseconds(nanos))); }

std::string LabelsText(const Labels& labels) {
  Json json = Json::object();
  for (const auto& [key, value] : labels) json[key] = value;
  return ToJsonText(json);
}

enum Column { kType, kMesh, kName, kVersion, kCreated, kModified, kOwnerType, kOwnerMesh, kOwnerName, kLabels, kSpec, kStatus };

Result<Json> ParseColumn(const Statement& row, int column, const char* name) {
  Result<Json> json = ParseJson(row.Text(column));
  if (!json.ok()) return Invalid(std::string(name) + " is no JSON: " + json.error().ToString());
  return json;
}

Result<Resource> DecodeRow(const Statement& row) {
  Resource resource;
  resource.meta.version = static_cast<uint64_t>(row.Int(kVersion));
  if (row.Int(kVersion) < 1) return Invalid("its version is " + std::to_string(row.Int(kVersion)));
  resource.meta.creation_time = FromColumn(row.Int(kCreated));
  resource.meta.modification_time = FromColumn(row.Int(kModified));
  KUMA_TRY_ASSIGN(const Json labels, ParseColumn(row, kLabels, "labels"));
  if (!labels.is_object()) return Invalid("labels is no object");
  for (const auto& [key, value] : labels.items()) {
    if (!value.is_string()) return Invalid("the label " + key + " is no text");
    resource.meta.labels.emplace(key, value.get<std::string>());
  }
  KUMA_TRY_ASSIGN(resource.spec, ParseColumn(row, kSpec, "spec"));
  if (!row.IsNull(kStatus)) {
    KUMA_TRY_ASSIGN(resource.status, ParseColumn(row, kStatus, "status"));
  }
  return resource;
}

}  // namespace

RowText EncodeRow(const Resource& resource) {
  RowText text{LabelsText(resource.meta.labels), ToJsonText(resource.spec), std::nullopt};
  if (!resource.status.is_null()) text.status = ToJsonText(resource.status);
  return text;
}

Result<RowWriter> RowWriter::Prepare(Database& database) {
  KUMA_TRY_ASSIGN(Statement insert, database.Prepare("INSERT INTO resources (type, mesh, name, version, created, modified, labels, spec, status, owner_type, owner_mesh, owner_name)"
                                                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"));
  KUMA_TRY_ASSIGN(Statement update, database.Prepare("UPDATE resources SET version = ?4, modified = ?6, labels = ?7, spec = ?8, status = ?9"
                                                     " WHERE type = ?1 AND mesh = ?2 AND name = ?3 AND created = ?5"));
  KUMA_TRY_ASSIGN(Statement erase, database.Prepare("DELETE FROM resources WHERE type = ?1 AND mesh = ?2 AND name = ?3"));
  KUMA_TRY_ASSIGN(Statement revision, database.Prepare("UPDATE state SET revision = ?1"));
  return RowWriter(std::move(insert), std::move(update), std::move(erase), std::move(revision));
}

namespace {

void BindRow(Statement& statement, const Resource& resource, const RowText& text) {
  const ResourceMeta& meta = resource.meta;
  statement.Bind(1, meta.type());
  statement.Bind(2, meta.mesh());
  statement.Bind(3, meta.name());
  statement.Bind(4, static_cast<int64_t>(meta.version));
  statement.Bind(5, ToColumn(meta.creation_time));
  statement.Bind(6, ToColumn(meta.modification_time));
  statement.Bind(7, text.labels);
  statement.Bind(8, text.spec);
  if (text.status) {
    statement.Bind(9, *text.status);
  } else {
    statement.BindNull(9);
  }
}

}  // namespace

Status RowWriter::Insert(const Resource& resource, const RowText& text, const std::optional<ResourceKey>& owner) {
  BindRow(insert_, resource, text);
  if (owner) {
    insert_.Bind(10, owner->type);
    insert_.Bind(11, owner->mesh);
    insert_.Bind(12, owner->name);
  }
  return insert_.Run();
}

Status RowWriter::Update(const Resource& resource, const RowText& text) {
  BindRow(update_, resource, text);
  return update_.Run();
}

Status RowWriter::Delete(const ResourceKey& key) {
  delete_.Bind(1, key.type);
  delete_.Bind(2, key.mesh);
  delete_.Bind(3, key.name);
  return delete_.Run();
}

Status RowWriter::SetRevision(uint64_t revision) {
  revision_.Bind(1, static_cast<int64_t>(revision));
  return revision_.Run();
}

Result<Contents> ReadContents(Database& database) {
  Contents contents;
  KUMA_TRY_ASSIGN(const int64_t revision, database.Number("SELECT revision FROM state"));
  contents.revision = static_cast<uint64_t>(revision);
  KUMA_TRY_ASSIGN(Statement rows, database.Prepare("SELECT type, mesh, name, version, created, modified, owner_type, owner_mesh, owner_name, labels, spec, status FROM resources"
                                                   " ORDER BY type, mesh, name"));
  for (;;) {
    KUMA_TRY_ASSIGN(const bool more, rows.Step());
    if (!more) return contents;
    ResourceKey key{std::string(rows.Text(kType)), std::string(rows.Text(kMesh)), std::string(rows.Text(kName))};
    Result<Resource> resource = DecodeRow(rows);
    if (!resource.ok()) {
      contents.bad.push_back({std::move(key), resource.error().ToString()});
      continue;
    }
    resource->meta.key = std::move(key);
    std::optional<ResourceKey> owner;
    if (!rows.IsNull(kOwnerType)) owner = ResourceKey{std::string(rows.Text(kOwnerType)), std::string(rows.Text(kOwnerMesh)), std::string(rows.Text(kOwnerName))};
    contents.resources.push_back({std::make_shared<const Resource>(std::move(resource).value()), std::move(owner)});
  }
}

}  // namespace kuma::store::sqlite
