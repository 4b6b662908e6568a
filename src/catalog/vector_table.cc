#include "catalog/vector_table.h"

#include <algorithm>
#include <set>

#include "catalog/rows.h"

namespace mcpo::catalog {
namespace {

constexpr const char* kTouchModel =
    "INSERT INTO vector_models (model, last_used) VALUES (?1, 1 + coalesce((SELECT max(last_used) "
    "FROM vector_models), 0)) ON CONFLICT (model) DO UPDATE SET last_used = excluded.last_used "
    "WHERE last_used + 1 < excluded.last_used";
constexpr const char* kUpsertVector =
    "INSERT INTO vectors (model_id, text_hash, vector) VALUES (?1, ?2, ?3) "
    "ON CONFLICT (model_id, text_hash) DO UPDATE SET vector = ?3";
constexpr const char* kSelectOldModels =
    "SELECT id FROM vector_models ORDER BY last_used DESC, id DESC LIMIT -1 OFFSET 2";

}  // namespace

Result<void> VectorTable::prepare(db::Database& database, db::Access access) {
  database_ = &database;
  TRY(select_model_, database.prepare("SELECT id FROM vector_models WHERE model = ?1"));
  TRY(select_vector_,
      database.prepare("SELECT vector FROM vectors WHERE model_id = ?1 AND text_hash = ?2"));
  if (access == db::Access::read_only) return {};
  TRY(touch_model_, database.prepare(kTouchModel));
  TRY(upsert_vector_, database.prepare(kUpsertVector));
  // Newest first; answered from the index alone, so no vector is read.
  TRY(select_hashes_,
      database.prepare("SELECT id, text_hash FROM vectors WHERE model_id = ?1 ORDER BY id DESC"));
  TRY(select_old_models_, database.prepare(kSelectOldModels));
  TRY(select_some_of_model_,
      database.prepare("SELECT id FROM vectors WHERE model_id = ?1 LIMIT ?2"));
  TRY(delete_vector_, database.prepare("DELETE FROM vectors WHERE id = ?1"));
  TRY(delete_model_, database.prepare("DELETE FROM vector_models WHERE id = ?1"));
  return {};
}

Result<Vectors> VectorTable::read(const std::string& model,
                                  const std::vector<ContentHash>& hashes) {
  Vectors out;
  TRY(db::Transaction snapshot, db::Transaction::begin(*database_, db::Transaction::Kind::read));
  TRY(std::int64_t id, find_model(model));
  if (id == 0) return out;
  for (const ContentHash& hash : hashes) {
    select_vector_.reset().bind(1, id).bind_blob(2, as_blob(hash));
    TRY(bool row, select_vector_.step());
    if (row) out.emplace(hash, select_vector_.text(0));
  }
  select_vector_.reset();
  return out;
}

Result<void> VectorTable::write(const std::string& model,
                                const std::vector<std::pair<ContentHash, std::string>>& vectors) {
  for (std::size_t first = 0; first < vectors.size(); first += kBatch) {
    CHECK_OK(write_batch(model, vectors, first));
  }
  return {};
}

Result<void> VectorTable::prune(const std::string& model, const std::vector<ContentHash>& keep,
                                std::size_t spare) {
  TRY(std::int64_t id, touch_model(model));
  TRY(auto rows, spare_rows(id, keep));
  for (std::size_t first = spare; first < rows.size(); first += kBatch) {
    CHECK_OK(delete_rows(rows, first));
  }
  TRY(auto models, old_models());
  for (const std::int64_t old : models) CHECK_OK(delete_model(old));
  return {};
}

Result<std::int64_t> VectorTable::find_model(const std::string& model) {
  TRY(bool row, select_model_.reset().bind(1, model).step());
  const std::int64_t id = row ? select_model_.integer(0) : 0;
  select_model_.reset();
  return id;
}

Result<std::int64_t> VectorTable::touch_model(const std::string& model) {
  CHECK_OK(touch_model_.reset().bind(1, model).run());
  return find_model(model);
}

Result<void> VectorTable::write_batch(
    const std::string& model, const std::vector<std::pair<ContentHash, std::string>>& vectors,
    std::size_t first) {
  TRY(db::Transaction transaction,
      db::Transaction::begin(*database_, db::Transaction::Kind::write));
  TRY(std::int64_t id, touch_model(model));
  const std::size_t end = std::min(first + kBatch, vectors.size());
  for (std::size_t at = first; at < end; ++at) {
    const auto& [hash, bytes] = vectors[at];
    upsert_vector_.reset().bind(1, id).bind_blob(2, as_blob(hash)).bind_blob(3, bytes);
    CHECK_OK(upsert_vector_.run());
  }
  return transaction.commit();
}

// Rows of the model that are not in `keep`, newest first.
Result<std::vector<std::int64_t>> VectorTable::spare_rows(std::int64_t model,
                                                          const std::vector<ContentHash>& keep) {
  std::set<std::string_view> kept;
  for (const ContentHash& hash : keep) kept.insert(as_blob(hash));
  std::vector<std::int64_t> out;
  select_hashes_.reset().bind(1, model);
  while (true) {
    TRY(bool row, select_hashes_.step());
    if (!row) break;
    if (!kept.contains(select_hashes_.text_view(1))) out.push_back(select_hashes_.integer(0));
  }
  select_hashes_.reset();
  return out;
}

Result<void> VectorTable::delete_rows(const std::vector<std::int64_t>& rows, std::size_t first) {
  TRY(db::Transaction transaction,
      db::Transaction::begin(*database_, db::Transaction::Kind::write));
  const std::size_t end = std::min(first + kBatch, rows.size());
  for (std::size_t at = first; at < end; ++at) {
    CHECK_OK(delete_vector_.reset().bind(1, rows[at]).run());
  }
  return transaction.commit();
}

Result<std::vector<std::int64_t>> VectorTable::old_models() {
  std::vector<std::int64_t> out;
  select_old_models_.reset();
  while (true) {
    TRY(bool row, select_old_models_.step());
    if (!row) break;
    out.push_back(select_old_models_.integer(0));
  }
  select_old_models_.reset();
  return out;
}

Result<void> VectorTable::delete_model(std::int64_t model) {
  while (true) {
    std::vector<std::int64_t> rows;
    select_some_of_model_.reset().bind(1, model).bind(2, static_cast<std::int64_t>(kBatch));
    while (true) {
      TRY(bool row, select_some_of_model_.step());
      if (!row) break;
      rows.push_back(select_some_of_model_.integer(0));
    }
    select_some_of_model_.reset();
    if (rows.empty()) return delete_model_.reset().bind(1, model).run();
    CHECK_OK(delete_rows(rows, 0));
  }
}

}  // namespace mcpo::catalog
