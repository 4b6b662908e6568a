// Registry entries in SQLite: the difference of two catalogs is written, what others wrote is read.
// Used inside the store's transactions.
#pragma once

#include "base/result.h"
#include "catalog/model.h"
#include "db/sqlite.h"

namespace mcpo::catalog {

class RegistryTable {
 public:
  // The database must outlive the table.
  Result<void> prepare(db::Database& database, db::Access access);

  // What changed after version `since`, put into `catalog`. Errors: corrupt.
  Result<void> read_changes(Catalog& catalog, CatalogVersion since);
  // False: nothing differs, nothing was written.
  Result<bool> write_difference(const Catalog& before, const Catalog& after,
                                CatalogVersion version);

 private:
  Result<bool> write_registry(const SourceInstance& origin, const Registry& before,
                              const Registry& after, CatalogVersion version);
  // nullptr: a tombstone, so that followers see that the entry went.
  Result<void> write(const SourceInstance& origin, const std::string& name,
                     const RegistryEntry* entry, CatalogVersion version);

  db::Statement select_;
  db::Statement upsert_;
};

}  // namespace mcpo::catalog
