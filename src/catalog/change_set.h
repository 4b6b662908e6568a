// Every change of the catalog is a value first.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/model.h"

namespace mcpo::catalog {

struct ChangeSet {
  std::vector<Server> upserts;         // by key; id 0 = new unless the key exists
  std::map<ServerKey, ToolSet> tools;  // replaces the whole set of a server
  std::vector<ServerKey> removals;     // with their tools
  // The whole new set of a source; null or empty: it has none any more.
  std::map<SourceInstance, std::shared_ptr<const Registry>> registries;
  // nullopt erases the key.
  std::map<SourceInstance, std::map<std::string, std::optional<std::string>>> memory;

  bool empty() const {
    return upserts.empty() && tools.empty() && removals.empty() && registries.empty() &&
           memory.empty();
  }
};

// The catalog after `changes`, as the store would have it; new servers get ids from `next_id`.
// Tools of a key that neither exists nor is upserted are ignored. Removal wins over the rest.
Catalog apply(const Catalog& before, const ChangeSet& changes, std::int64_t& next_id);

}  // namespace mcpo::catalog
