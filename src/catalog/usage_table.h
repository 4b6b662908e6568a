// Which tool was called after which request, where the user wants that remembered: not the
// request's words, only its vector, which serves with the model that made it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/server_key.h"
#include "db/sqlite.h"

namespace mcpo::catalog {

struct UsedTool {
  ServerKey server;
  std::string tool;
  std::string request;  // bytes of its vector, as they were written
  bool operator==(const UsedTool&) const = default;
};

class UsageTable {
 public:
  // The database must outlive the table.
  Result<void> prepare(db::Database& database, db::Access access);

  // Oldest first.
  Result<std::vector<UsedTool>> read(const std::string& model);
  // Forgets the oldest, of whatever model, when there are more than `keep`.
  Result<void> add(const std::string& model, const UsedTool& used, std::size_t keep);

 private:
  db::Database* database_ = nullptr;
  db::Statement select_;
  db::Statement insert_;
  db::Statement delete_old_;
};

}  // namespace mcpo::catalog
