#include "catalog/rows.h"

#include <algorithm>

#include "base/json.h"

namespace mcpo::catalog {
namespace {

std::vector<std::string> read_names(std::string_view json) {
  std::vector<std::string> out;
  const auto names = parse_json(json, {});
  if (!names) return out;  // written by a later version: they are evaluated afresh anyway
  for (const RawJson name : names->elements()) {
    if (auto text = name.as_string()) out.push_back(*std::move(text));
  }
  return out;
}

std::string names_json(const std::vector<std::string>& names) {
  if (names.empty()) return "";
  JsonWriter w;
  w.begin_array();
  for (const std::string& name : names) w.string(name);
  w.end_array();
  return w.take();
}

}  // namespace

Server read_server(const db::Statement& row) {
  Server out;
  out.id = ServerId{row.integer(0)};
  out.key = {{row.text(1), row.text(2)}, row.text(3), row.text(4)};
  out.display_name = row.text(5);
  out.group = row.text(6);
  out.status = row.text(7);
  out.transport = row.text(8);
  out.url = row.text(9);
  out.identity = row.text(10);
  out.created_at = row.text(11);
  out.connection_hash = row.text(12);
  out.link = {row.text(13), match_rule_of(row.text_view(14)), read_names(row.text_view(22))};
  out.tools_listed_at = {row.integer(15)};
  if (!row.is_null(16)) out.tools_ttl_ms = row.integer(16);
  out.stale = {{row.integer(17)}, row.text(18)};
  out.degraded = {{row.integer(19)}, row.text(20)};
  out.last_success = {row.integer(21)};
  return out;
}

Result<void> write_server(db::Statement& statement, const Server& server,
                          CatalogVersion tools_version, CatalogVersion changed_version) {
  const std::string others = names_json(server.link.others);
  statement.reset()
      .bind(1, server.id.value)
      .bind(2, server.key.origin.source)
      .bind(3, server.key.origin.instance)
      .bind(4, server.key.namespace_name)
      .bind(5, server.key.name)
      .bind(6, server.display_name)
      .bind(7, server.group)
      .bind(8, server.status)
      .bind(9, server.transport)
      .bind(10, server.url)
      .bind(11, server.identity)
      .bind(12, server.created_at)
      .bind(13, server.connection_hash)
      .bind(14, server.link.registry_entry)
      .bind(15, to_string(server.link.rule))
      .bind(16, server.tools_listed_at.unix_ms);
  if (server.tools_ttl_ms) {
    statement.bind(17, *server.tools_ttl_ms);
  } else {
    statement.bind_null(17);
  }
  statement.bind(18, server.stale.since.unix_ms)
      .bind(19, server.stale.reason)
      .bind(20, server.degraded.since.unix_ms)
      .bind(21, server.degraded.reason)
      .bind(22, server.last_success.unix_ms)
      .bind(23, others)
      .bind(24, tools_version)
      .bind(25, changed_version);
  return statement.run();
}

CatalogTool read_tool(const db::Statement& row) {
  CatalogTool out;
  out.name = row.text(0);
  out.definition = row.text(1);
  const std::string_view hash = row.text_view(2);
  std::copy_n(hash.begin(), std::min(hash.size(), out.hash.bytes.size()), out.hash.bytes.begin());
  return out;
}

}  // namespace mcpo::catalog
