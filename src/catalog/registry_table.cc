#include "catalog/registry_table.h"

#include "catalog/registry_json.h"
#include "catalog/rows.h"

namespace mcpo::catalog {
namespace {

constexpr const char* kSelect =
    "SELECT source, instance, name, entry, entry_hash FROM registry_entries "
    "WHERE changed_version > ?1 ORDER BY source, instance";
constexpr const char* kUpsert =
    "INSERT INTO registry_entries (source, instance, name, entry, entry_hash, changed_version) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (source, instance, name) DO UPDATE SET "
    "entry = ?4, entry_hash = ?5, changed_version = ?6";

const Registry kNoEntries;

const Registry& registry_in(const Catalog& catalog, const SourceInstance& origin) {
  const auto it = catalog.registries.find(origin);
  return it == catalog.registries.end() ? kNoEntries : *it->second;
}

// nullptr for a tombstone.
Result<std::shared_ptr<const RegistryEntry>> entry_of(const db::Statement& row) {
  if (row.is_null(3)) return nullptr;
  const std::string_view json = row.text_view(3);
  if (as_blob(content_hash(json)) != row.text_view(4)) {
    return fail(Errc::corrupt, "a stored registry entry is damaged");
  }
  TRY(RegistryEntry entry, read_registry_entry(json));
  return std::make_shared<const RegistryEntry>(std::move(entry));
}

}  // namespace

Result<void> RegistryTable::prepare(db::Database& database, db::Access access) {
  TRY(select_, database.prepare(kSelect));
  if (access == db::Access::read_only) return {};
  TRY(upsert_, database.prepare(kUpsert));
  return {};
}

Result<void> RegistryTable::read_changes(Catalog& catalog, CatalogVersion since) {
  std::map<SourceInstance, std::shared_ptr<Registry>> changed;
  select_.reset().bind(1, since);
  while (true) {
    TRY(bool row, select_.step());
    if (!row) break;
    const SourceInstance origin{select_.text(0), select_.text(1)};
    auto& registry = changed[origin];
    if (!registry) registry = std::make_shared<Registry>(registry_in(catalog, origin));
    TRY(auto entry, entry_of(select_));
    if (entry) {
      (*registry)[select_.text(2)] = std::move(entry);
    } else {
      registry->erase(select_.text(2));
    }
  }
  select_.reset();
  for (auto& [origin, registry] : changed) {
    if (registry->empty()) {
      catalog.registries.erase(origin);
    } else {
      catalog.registries[origin] = std::move(registry);
    }
  }
  return {};
}

Result<bool> RegistryTable::write_difference(const Catalog& before, const Catalog& after,
                                             CatalogVersion version) {
  bool wrote = false;
  for (const auto& [origin, registry] : before.registries) {
    if (after.registries.contains(origin)) continue;
    TRY(bool some, write_registry(origin, *registry, kNoEntries, version));
    wrote = wrote || some;
  }
  for (const auto& [origin, registry] : after.registries) {
    TRY(bool some, write_registry(origin, registry_in(before, origin), *registry, version));
    wrote = wrote || some;
  }
  return wrote;
}

Result<bool> RegistryTable::write_registry(const SourceInstance& origin, const Registry& before,
                                           const Registry& after, CatalogVersion version) {
  if (&before == &after) return false;
  bool wrote = false;
  for (const auto& [name, entry] : before) {
    if (after.contains(name)) continue;
    CHECK_OK(write(origin, name, nullptr, version));
    wrote = true;
  }
  for (const auto& [name, entry] : after) {
    const auto old = before.find(name);
    if (old != before.end() && old->second == entry) continue;
    CHECK_OK(write(origin, name, entry.get(), version));
    wrote = true;
  }
  return wrote;
}

Result<void> RegistryTable::write(const SourceInstance& origin, const std::string& name,
                                  const RegistryEntry* entry, CatalogVersion version) {
  const std::string json = entry == nullptr ? "" : registry_entry_json(*entry);
  const ContentHash hash = content_hash(json);
  upsert_.reset().bind(1, origin.source).bind(2, origin.instance).bind(3, name);
  if (entry == nullptr) {
    upsert_.bind_null(4);
  } else {
    upsert_.bind(4, json);
  }
  return upsert_.bind_blob(5, as_blob(hash)).bind(6, version).run();
}

}  // namespace mcpo::catalog
