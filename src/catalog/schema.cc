#include "catalog/schema.h"

#include <string>
#include <vector>

#include "base/text.h"

namespace mcpo::catalog {
namespace {

// Migration n leads from schema n to n + 1.
constexpr const char* kMigrations[] = {R"sql(
CREATE TABLE catalog_version (version INTEGER NOT NULL);
INSERT INTO catalog_version VALUES (0);

CREATE TABLE servers (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source TEXT NOT NULL,
  instance TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  display_name TEXT NOT NULL,
  group_name TEXT NOT NULL,
  status TEXT NOT NULL,
  transport TEXT NOT NULL,
  url TEXT NOT NULL,
  identity TEXT NOT NULL,
  created_at TEXT NOT NULL,
  connection_hash TEXT NOT NULL,
  link_entry TEXT NOT NULL,
  link_rule TEXT NOT NULL,
  tools_listed_at INTEGER NOT NULL,
  tools_ttl_ms INTEGER,
  stale_since INTEGER NOT NULL,
  stale_reason TEXT NOT NULL,
  degraded_since INTEGER NOT NULL,
  degraded_reason TEXT NOT NULL,
  last_success INTEGER NOT NULL,
  changed_version INTEGER NOT NULL,
  tools_version INTEGER NOT NULL,
  UNIQUE (source, instance, namespace, name)
) STRICT;
CREATE INDEX servers_changed ON servers (changed_version);

CREATE TABLE tools (
  server_id INTEGER NOT NULL REFERENCES servers (id) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  definition_hash BLOB NOT NULL,
  PRIMARY KEY (server_id, position)
) STRICT, WITHOUT ROWID;

-- So that a follower sees what went.
CREATE TABLE removed_servers (
  server_id INTEGER PRIMARY KEY,
  changed_version INTEGER NOT NULL
) STRICT;

CREATE TABLE source_memory (
  source TEXT NOT NULL,
  instance TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT,                        -- NULL: forgotten
  changed_version INTEGER NOT NULL,
  PRIMARY KEY (source, instance, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE registry_entries (
  source TEXT NOT NULL,
  instance TEXT NOT NULL,
  name TEXT NOT NULL,
  entry TEXT NOT NULL,               -- JSON as the registry gave it
  entry_hash BLOB NOT NULL,
  changed_version INTEGER NOT NULL,
  PRIMARY KEY (source, instance, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE vectors (
  text_hash BLOB NOT NULL,
  model TEXT NOT NULL,               -- identity of the embedding model
  vector BLOB NOT NULL,
  PRIMARY KEY (text_hash, model)
) STRICT, WITHOUT ROWID;
)sql",
                                       R"sql(
ALTER TABLE servers ADD COLUMN link_others TEXT NOT NULL DEFAULT '';

-- Nothing was ever written to these two.
DROP TABLE registry_entries;
CREATE TABLE registry_entries (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  instance TEXT NOT NULL,
  name TEXT NOT NULL,
  entry TEXT,                        -- NULL: gone
  entry_hash BLOB NOT NULL,
  changed_version INTEGER NOT NULL,
  UNIQUE (source, instance, name)
) STRICT;
CREATE INDEX registry_entries_changed ON registry_entries (changed_version);

DROP TABLE vectors;
CREATE TABLE vector_models (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  model TEXT NOT NULL UNIQUE,        -- identity of model, runtime and text preparation
  last_used INTEGER NOT NULL         -- a count, not a time
) STRICT;
CREATE TABLE vectors (
  id INTEGER PRIMARY KEY,            -- grows: tells which are old
  model_id INTEGER NOT NULL REFERENCES vector_models (id),
  text_hash BLOB NOT NULL,
  vector BLOB NOT NULL,
  UNIQUE (model_id, text_hash)
) STRICT;
)sql",
                                       R"sql(
CREATE TABLE used_tools (
  id INTEGER PRIMARY KEY,            -- grows: tells which are old
  model TEXT NOT NULL,               -- as in vector_models
  source TEXT NOT NULL,
  instance TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  tool TEXT NOT NULL,
  request BLOB NOT NULL              -- vector of the request after which it was called
) STRICT;
)sql"};
static_assert(std::size(kMigrations) == kSchemaVersion);

Result<std::int64_t> read_number(db::Database& database, const char* sql) {
  TRY(db::Statement statement, database.prepare(sql));
  TRY(bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

Result<std::vector<std::string>> table_names(db::Database& database) {
  TRY(db::Statement statement,
      database.prepare(
          "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT "
          "LIKE 'sqlite_%' ORDER BY name LIMIT 4"));
  std::vector<std::string> out;
  while (true) {
    TRY(bool row, statement.step());
    if (!row) return out;
    out.push_back(statement.text(0));
  }
}

}  // namespace

Result<std::int64_t> check_schema(db::Database& database) {
  // Else another process's migration could fall between what is read here.
  TRY(const db::Transaction moment, db::Transaction::begin(database, db::Transaction::Kind::read));
  TRY(std::int64_t id, read_number(database, "PRAGMA application_id"));
  if (id != kApplicationId) {
    TRY(auto tables, table_names(database));
    if (id == 0 && tables.empty()) return 0;  // a new, empty file
    return fail(Errc::conflict, database.path() + ": not a catalog of ours: it holds the tables " +
                                    join(tables, ", ") +
                                    ". Nothing was changed; choose another file with --db-url or "
                                    "--data-dir");
  }
  TRY(std::int64_t version, read_number(database, "PRAGMA user_version"));
  if (version <= kSchemaVersion) return version;
  return fail(Errc::conflict,
              database.path() + ": made by a newer version of mcp-optimizer (schema " +
                  std::to_string(version) + ", this one knows " + std::to_string(kSchemaVersion) +
                  "). Nothing was changed; use that version, or another --data-dir");
}

Result<void> migrate_schema(db::Database& database, std::int64_t target) {
  TRY(db::Transaction transaction, db::Transaction::begin(database, db::Transaction::Kind::write));
  TRY(std::int64_t version, read_number(database, "PRAGMA user_version"));
  if (version >= target) return {};
  for (std::int64_t at = version; at < target; ++at) {
    CHECK_OK(database.run(kMigrations[at]));
  }
  const std::string marks = "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + std::to_string(target);
  CHECK_OK(database.run(marks.c_str()));
  return transaction.commit();
}

}  // namespace mcpo::catalog
