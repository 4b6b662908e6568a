#include "catalog/usage_table.h"

namespace mcpo::catalog {

Result<void> UsageTable::prepare(db::Database& database, db::Access access) {
  database_ = &database;
  TRY(select_, database.prepare("SELECT source, instance, namespace, name, tool, request "
                                "FROM used_tools WHERE model = ?1 ORDER BY id"));
  if (access == db::Access::read_only) return {};
  TRY(insert_, database.prepare("INSERT INTO used_tools (model, source, instance, namespace, name, "
                                "tool, request) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  TRY(delete_old_, database.prepare("DELETE FROM used_tools WHERE id <= (SELECT id FROM used_tools "
                                    "ORDER BY id DESC LIMIT 1 OFFSET ?1)"));
  return {};
}

Result<std::vector<UsedTool>> UsageTable::read(const std::string& model) {
  std::vector<UsedTool> out;
  select_.reset().bind(1, model);
  while (true) {
    TRY(bool row, select_.step());
    if (!row) break;
    out.push_back({.server = {.origin = {select_.text(0), select_.text(1)},
                              .namespace_name = select_.text(2),
                              .name = select_.text(3)},
                   .tool = select_.text(4),
                   .request = select_.text(5)});
  }
  select_.reset();
  return out;
}

Result<void> UsageTable::add(const std::string& model, const UsedTool& used, std::size_t keep) {
  TRY(db::Transaction transaction,
      db::Transaction::begin(*database_, db::Transaction::Kind::write));
  const ServerKey& server = used.server;
  insert_.reset().bind(1, model).bind(2, server.origin.source).bind(3, server.origin.instance);
  insert_.bind(4, server.namespace_name).bind(5, server.name).bind(6, used.tool);
  CHECK_OK(insert_.bind_blob(7, used.request).run());
  CHECK_OK(delete_old_.reset().bind(1, static_cast<std::int64_t>(keep)).run());
  return transaction.commit();
}

}  // namespace mcpo::catalog
