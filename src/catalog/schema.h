// The tables of the catalog and how an older file is brought up to date. docs/design/
// catalog-schema.md tells what each is for.
#pragma once

#include "base/result.h"
#include "db/sqlite.h"

namespace mcpo::catalog {

inline constexpr std::int64_t kApplicationId = 0x4D43504F;  // "MCPO"
inline constexpr std::int64_t kSchemaVersion = 3;

// The file's schema version, 0 for an empty file: as of one moment, whoever migrates it meanwhile.
// Refuses what is not ours, without writing to it. Not inside a transaction. Errors: conflict (a
// newer schema, or somebody else's tables, named), corrupt, unavailable.
Result<std::int64_t> check_schema(db::Database& database);
// Creates or migrates, in one transaction. Call check_schema() first. Tests of migrations make
// older files with `target`.
Result<void> migrate_schema(db::Database& database, std::int64_t target = kSchemaVersion);

}  // namespace mcpo::catalog
