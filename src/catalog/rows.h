// How catalog values become rows and back: column order lives here and nowhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/model.h"
#include "db/sqlite.h"

namespace mcpo::catalog {

inline constexpr const char* kSelectServers =
    "SELECT id, source, instance, namespace, name, display_name, group_name, status, transport, "
    "url, identity, created_at, connection_hash, link_entry, link_rule, tools_listed_at, "
    "tools_ttl_ms, stale_since, stale_reason, degraded_since, degraded_reason, last_success, "
    "link_others, tools_version FROM servers WHERE changed_version > ?1";
inline constexpr int kToolsVersionColumn = 23;
inline constexpr const char* kUpsertServer =
    "INSERT INTO servers (id, source, instance, namespace, name, display_name, group_name, status, "
    "transport, url, identity, created_at, connection_hash, link_entry, link_rule, "
    "tools_listed_at, tools_ttl_ms, stale_since, stale_reason, degraded_since, degraded_reason, "
    "last_success, link_others, tools_version, changed_version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
    "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25) "
    "ON CONFLICT (id) DO UPDATE SET display_name = ?6, group_name = ?7, status = ?8, transport = "
    "?9, url = ?10, identity = ?11, created_at = ?12, connection_hash = ?13, link_entry = ?14, "
    "link_rule = ?15, tools_listed_at = ?16, tools_ttl_ms = ?17, stale_since = ?18, stale_reason = "
    "?19, degraded_since = ?20, degraded_reason = ?21, last_success = ?22, link_others = ?23, "
    "tools_version = max(tools_version, ?24), changed_version = ?25";
inline constexpr const char* kSelectTools =
    "SELECT name, definition, definition_hash FROM tools WHERE server_id = ?1 ORDER BY position";
inline constexpr const char* kInsertTool =
    "INSERT INTO tools (server_id, position, name, definition, definition_hash) "
    "VALUES (?1, ?2, ?3, ?4, ?5)";

Server read_server(const db::Statement& row);
Result<void> write_server(db::Statement& statement, const Server& server,
                          CatalogVersion tools_version, CatalogVersion changed_version);
CatalogTool read_tool(const db::Statement& row);

// The hash's bytes as a column's value; a view of `hash`.
inline std::string_view as_blob(const ContentHash& hash) {
  return {reinterpret_cast<const char*>(hash.bytes.data()), hash.bytes.size()};
}

}  // namespace mcpo::catalog
