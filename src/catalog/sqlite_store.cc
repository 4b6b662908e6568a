// The catalog in one SQLite file. What a change means is decided by the pure apply(); this file
// writes the difference between two catalogs and reads what others wrote.
#include <chrono>
#include <thread>

#include "catalog/leases.h"
#include "catalog/registry_table.h"
#include "catalog/rows.h"
#include "catalog/schema.h"
#include "catalog/setup_lock.h"
#include "catalog/store.h"
#include "catalog/usage_table.h"
#include "catalog/vector_table.h"
#include "db/sqlite.h"

namespace mcpo::catalog {
namespace {

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<db::Database> database)
      : database_(std::move(database)), leases_(database_->path()) {}

  Result<void> prepare(db::Access access) {
    TRY(select_version_, database_->prepare("SELECT version FROM catalog_version"));
    TRY(select_servers_, database_->prepare(kSelectServers));
    TRY(select_tools_, database_->prepare(kSelectTools));
    TRY(select_removed_,
        database_->prepare("SELECT server_id FROM removed_servers WHERE changed_version > ?1"));
    TRY(select_memory_, database_->prepare("SELECT source, instance, key, value FROM source_memory "
                                           "WHERE changed_version > ?1"));
    CHECK_OK(registry_.prepare(*database_, access));
    CHECK_OK(vectors_.prepare(*database_, access));
    CHECK_OK(used_tools_.prepare(*database_, access));
    if (access == db::Access::read_only) return {};
    TRY(update_version_, database_->prepare("UPDATE catalog_version SET version = ?1"));
    TRY(select_next_id_,
        database_->prepare("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE "
                           "name = 'servers'), 0) + 1"));
    TRY(upsert_server_, database_->prepare(kUpsertServer));
    TRY(delete_server_, database_->prepare("DELETE FROM servers WHERE id = ?1"));
    TRY(insert_removed_,
        database_->prepare("INSERT OR REPLACE INTO removed_servers VALUES (?1, ?2)"));
    TRY(delete_tools_, database_->prepare("DELETE FROM tools WHERE server_id = ?1"));
    TRY(insert_tool_, database_->prepare(kInsertTool));
    TRY(upsert_memory_,
        database_->prepare("INSERT OR REPLACE INTO source_memory VALUES (?1, ?2, ?3, "
                           "?4, ?5)"));
    return {};
  }

  Result<Catalog> read_all() override {
    TRY(db::Transaction snapshot, read_snapshot());
    TRY(CatalogVersion version, read_version());
    // Below every version that a row can have: everything is newer.
    return read_changes(Catalog{.version = -1}, version);
  }

  Result<std::optional<Catalog>> read_since(const Catalog& known) override {
    TRY(db::Transaction snapshot, read_snapshot());
    TRY(CatalogVersion version, read_version());
    if (version == known.version) return std::nullopt;
    TRY(Catalog newest, read_changes(known, version));
    return newest;
  }

  Result<Catalog> apply(const Catalog& known, const ChangeSet& changes) override {
    TRY(db::Transaction transaction,
        db::Transaction::begin(*database_, db::Transaction::Kind::write));
    TRY(CatalogVersion version, read_version());
    Catalog before = known;
    // Another process, leading another source, may have written meanwhile.
    if (version != known.version) {
      TRY(before, read_changes(known, version));
    }
    TRY(std::int64_t next_id, read_next_id());
    Catalog after = catalog::apply(before, changes, next_id);
    TRY(bool wrote, write_difference(before, after, version + 1));
    if (!wrote) return before;
    after.version = version + 1;
    CHECK_OK(update_version_.reset().bind(1, after.version).run());
    CHECK_OK(transaction.commit());
    return after;
  }

  Result<Vectors> read_vectors(const std::string& model,
                               const std::vector<ContentHash>& hashes) override {
    return vectors_.read(model, hashes);
  }
  Result<void> write_vectors(
      const std::string& model,
      const std::vector<std::pair<ContentHash, std::string>>& vectors) override {
    return vectors_.write(model, vectors);
  }
  Result<void> prune_vectors(const std::string& model, const std::vector<ContentHash>& keep,
                             std::size_t spare) override {
    return vectors_.prune(model, keep, spare);
  }

  Result<std::vector<UsedTool>> read_used_tools(const std::string& model) override {
    return used_tools_.read(model);
  }
  Result<void> add_used_tool(const std::string& model, const UsedTool& used) override {
    return used_tools_.add(model, used, kMaxUsedTools);
  }

  Result<std::unique_ptr<Lease>> try_lead(const SourceInstance& origin,
                                          const std::string& what) override {
    return leases_.try_lead(origin, what);
  }
  Result<std::optional<Leader>> who_leads(const SourceInstance& origin) override {
    return leases_.who_leads(origin);
  }
  Result<std::vector<Leader>> leaders() override { return leases_.leaders(); }

 private:
  Result<db::Transaction> read_snapshot() {
    return db::Transaction::begin(*database_, db::Transaction::Kind::read);
  }

  Result<CatalogVersion> read_version() {
    TRY(bool row, select_version_.reset().step());
    const CatalogVersion version = row ? select_version_.integer(0) : 0;
    select_version_.reset();
    return version;
  }

  Result<std::int64_t> read_next_id() {
    TRY([[maybe_unused]] bool row, select_next_id_.reset().step());
    const std::int64_t id = select_next_id_.integer(0);
    select_next_id_.reset();
    return id;
  }

  Result<ToolSet> read_tools(ServerId server) {
    auto tools = std::make_shared<std::vector<CatalogTool>>();
    select_tools_.reset().bind(1, server.value);
    while (true) {
      TRY(bool row, select_tools_.step());
      if (!row) break;
      tools->push_back(read_tool(select_tools_));
      // A damaged page can look like a row; what we hand out as valid JSON must be what we stored.
      if (content_hash(tools->back().definition) != tools->back().hash) {
        return std::unexpected(damaged("a tool's definition is not what was stored"));
      }
    }
    select_tools_.reset();
    return tools;
  }

  Error damaged(const std::string& what) const {
    return {Errc::corrupt, database_->path() + ": the catalog is damaged (" + what +
                               "); the file is kept as it is. Move it away and start again: the "
                               "catalog is then learned anew"};
  }

  // `catalog` brought up to `version`.
  Result<Catalog> read_changes(Catalog catalog, CatalogVersion version) {
    const CatalogVersion since = catalog.version;
    select_servers_.reset().bind(1, since);
    while (true) {
      TRY(bool row, select_servers_.step());
      if (!row) break;
      Server server = read_server(select_servers_);
      auto& slot = catalog.servers[server.id];
      const bool new_tools = !slot || select_servers_.integer(kToolsVersionColumn) > since;
      ToolSet tools = slot ? slot->tools : nullptr;
      if (new_tools) {
        TRY(tools, read_tools(server.id));
      }
      slot = std::make_shared<const ServerEntry>(ServerEntry{std::move(server), std::move(tools)});
    }
    select_servers_.reset();
    CHECK_OK(read_removed(catalog, since));
    auto registry = registry_.read_changes(catalog, since);
    if (!registry && registry.error().code == Errc::corrupt) {
      return std::unexpected(damaged(registry.error().message));
    }
    CHECK_OK(std::move(registry));
    CHECK_OK(read_memory(catalog, since));
    catalog.version = version;
    return catalog;
  }

  Result<void> read_removed(Catalog& catalog, CatalogVersion since) {
    select_removed_.reset().bind(1, since);
    while (true) {
      TRY(bool row, select_removed_.step());
      if (!row) break;
      catalog.servers.erase(ServerId{select_removed_.integer(0)});
    }
    select_removed_.reset();
    return {};
  }

  Result<void> read_memory(Catalog& catalog, CatalogVersion since) {
    select_memory_.reset().bind(1, since);
    while (true) {
      TRY(bool row, select_memory_.step());
      if (!row) break;
      const SourceInstance origin{select_memory_.text(0), select_memory_.text(1)};
      auto& values = catalog.memory[origin];
      if (select_memory_.is_null(3)) {
        values.erase(select_memory_.text(2));
      } else {
        values[select_memory_.text(2)] = select_memory_.text(3);
      }
      if (values.empty()) catalog.memory.erase(origin);
    }
    select_memory_.reset();
    return {};
  }

  // False: nothing differs.
  Result<bool> write_difference(const Catalog& before, const Catalog& after,
                                CatalogVersion version) {
    bool wrote = false;
    for (const auto& [id, entry] : before.servers) {
      if (after.servers.contains(id)) continue;
      CHECK_OK(delete_server_.reset().bind(1, id.value).run());
      CHECK_OK(insert_removed_.reset().bind(1, id.value).bind(2, version).run());
      wrote = true;
    }
    for (const auto& [id, entry] : after.servers) {
      const auto known = before.servers.find(id);
      if (known != before.servers.end() && known->second == entry) continue;
      const ServerEntry* old = known == before.servers.end() ? nullptr : known->second.get();
      CHECK_OK(write_entry(old, *entry, version));
      wrote = true;
    }
    TRY(bool wrote_registry, registry_.write_difference(before, after, version));
    TRY(bool wrote_memory, write_memory(before, after, version));
    return wrote || wrote_registry || wrote_memory;
  }

  Result<void> write_entry(const ServerEntry* old, const ServerEntry& entry,
                           CatalogVersion version) {
    const bool new_tools = old == nullptr || old->tools != entry.tools;
    CHECK_OK(write_server(upsert_server_, entry.server, new_tools ? version : 0, version));
    if (!new_tools) return {};
    CHECK_OK(delete_tools_.reset().bind(1, entry.server.id.value).run());
    std::int64_t position = 0;
    for (const CatalogTool& tool : *entry.tools) {
      insert_tool_.reset()
          .bind(1, entry.server.id.value)
          .bind(2, position++)
          .bind(3, tool.name)
          .bind(4, tool.definition)
          .bind_blob(5, as_blob(tool.hash));
      CHECK_OK(insert_tool_.run());
    }
    return {};
  }

  Result<bool> write_memory(const Catalog& before, const Catalog& after, CatalogVersion version) {
    bool wrote = false;
    auto write = [&](const SourceInstance& origin, const std::string& key,
                     const std::string* value) -> Result<void> {
      upsert_memory_.reset().bind(1, origin.source).bind(2, origin.instance).bind(3, key);
      if (value != nullptr) {
        upsert_memory_.bind(4, *value);
      } else {
        upsert_memory_.bind_null(4);
      }
      wrote = true;
      return upsert_memory_.bind(5, version).run();
    };
    for (const auto& [origin, values] : after.memory) {
      const auto old = before.memory.find(origin);
      for (const auto& [key, value] : values) {
        if (old != before.memory.end()) {
          const auto known = old->second.find(key);
          if (known != old->second.end() && known->second == value) continue;
        }
        CHECK_OK(write(origin, key, &value));
      }
    }
    for (const auto& [origin, values] : before.memory) {
      const auto now = after.memory.find(origin);
      for (const auto& [key, value] : values) {
        if (now != after.memory.end() && now->second.contains(key)) continue;
        CHECK_OK(write(origin, key, nullptr));
      }
    }
    return wrote;
  }

  std::unique_ptr<db::Database> database_;  // before the statements: they borrow it
  LeaseFiles leases_;
  RegistryTable registry_;
  VectorTable vectors_;
  UsageTable used_tools_;
  db::Statement select_version_;
  db::Statement select_servers_;
  db::Statement select_tools_;
  db::Statement select_removed_;
  db::Statement select_memory_;
  db::Statement update_version_;
  db::Statement select_next_id_;
  db::Statement upsert_server_;
  db::Statement delete_server_;
  db::Statement insert_removed_;
  db::Statement delete_tools_;
  db::Statement insert_tool_;
  db::Statement upsert_memory_;
};

db::Access access_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::create_if_missing:
      return db::Access::create_if_missing;
    case OpenMode::must_exist:
      return db::Access::read_write;
    case OpenMode::read_only:
      break;
  }
  return db::Access::read_only;
}

// SQLite does not wait for readers when it changes to WAL (it does for everything else).
constexpr int kJournalTries = 250;
constexpr std::chrono::milliseconds kPause{20};

Result<void> use_wal(db::Database& database) {
  CHECK_OK(database.run("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL"));
  for (int tries = 1;; ++tries) {
    auto done = database.run("PRAGMA journal_mode = WAL");
    if (done || done.error().code != Errc::unavailable || tries == kJournalTries) return done;
    std::this_thread::sleep_for(kPause);
  }
}

// Processes that start together on a new file, or with a new version, take turns.
Result<void> create_or_migrate(db::Database& database) {
  TRY(const SetupLock turn, SetupLock::take(database.path()));
  CHECK_OK(check_schema(database));
  CHECK_OK(use_wal(database));
  return migrate_schema(database);
}

// The schema of a file that is to be read: one that is empty may be about to be made.
constexpr int kReaderTries = 10;

Result<std::int64_t> schema_for_reading(db::Database& database) {
  for (int tries = 1;; ++tries) {
    const bool is_being_made = SetupLock::is_taken(database.path());
    TRY(const std::int64_t schema, check_schema(database));
    if (schema != 0) return schema;
    if (is_being_made && tries < kJournalTries) {
      std::this_thread::sleep_for(kPause);
    } else if (tries < kReaderTries) {
      std::this_thread::sleep_for(kPause / 4);
    } else {
      return fail(Errc::not_found, database.path() + ": is empty, there is no catalog in it");
    }
  }
}

Result<void> prepare_for_reading(db::Database& database) {
  TRY(const std::int64_t schema, schema_for_reading(database));
  if (schema == kSchemaVersion) return {};
  // Made by an older version: it is brought up to date first.
  TRY(db::Database writable, db::Database::open(database.path(), db::Access::read_write));
  return create_or_migrate(writable);
}

Result<void> prepare_for_writing(db::Database& database, OpenMode mode) {
  TRY(const std::int64_t schema,
      mode == OpenMode::must_exist ? schema_for_reading(database) : check_schema(database));
  return schema == kSchemaVersion ? use_wal(database) : create_or_migrate(database);
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, OpenMode mode) {
  TRY(db::Database opened, db::Database::open(path, access_of(mode)));
  auto database = std::make_unique<db::Database>(std::move(opened));
  CHECK_OK(mode == OpenMode::read_only ? prepare_for_reading(*database)
                                       : prepare_for_writing(*database, mode));
  auto store = std::make_unique<SqliteStore>(std::move(database));
  CHECK_OK(store->prepare(access_of(mode)));
  return store;
}

}  // namespace mcpo::catalog
