// Embeddings in SQLite, by (model, hash of the text). A cache, not part of the catalog's version:
// what is lost is computed again. Transactions are short, so that nobody waits for one.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "db/sqlite.h"

namespace mcpo::catalog {

using Vectors = std::map<ContentHash, std::string>;  // raw bytes, as they were written

class VectorTable {
 public:
  // The database must outlive the table.
  Result<void> prepare(db::Database& database, db::Access access);

  // Those that are there.
  Result<Vectors> read(const std::string& model, const std::vector<ContentHash>& hashes);
  // Replaces what is there. After an error the batches before it are stored.
  Result<void> write(const std::string& model,
                     const std::vector<std::pair<ContentHash, std::string>>& vectors);
  // Keeps `keep` and the `spare` newest others of this model, and of other models only that which
  // was written to or pruned last.
  Result<void> prune(const std::string& model, const std::vector<ContentHash>& keep,
                     std::size_t spare);

 private:
  static constexpr std::size_t kBatch = 256;  // rows in one transaction

  Result<std::int64_t> find_model(const std::string& model);  // 0: not there
  // The model's number; it becomes the one used last.
  Result<std::int64_t> touch_model(const std::string& model);
  Result<void> write_batch(const std::string& model,
                           const std::vector<std::pair<ContentHash, std::string>>& vectors,
                           std::size_t first);
  Result<std::vector<std::int64_t>> spare_rows(std::int64_t model,
                                               const std::vector<ContentHash>& keep);
  Result<void> delete_rows(const std::vector<std::int64_t>& rows, std::size_t first);
  Result<std::vector<std::int64_t>> old_models();
  Result<void> delete_model(std::int64_t model);

  db::Database* database_ = nullptr;
  db::Statement select_model_;
  db::Statement select_vector_;
  db::Statement touch_model_;
  db::Statement upsert_vector_;
  db::Statement select_hashes_;
  db::Statement select_old_models_;
  db::Statement select_some_of_model_;
  db::Statement delete_vector_;
  db::Statement delete_model_;
};

}  // namespace mcpo::catalog
