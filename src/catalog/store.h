// The durable catalog. Blocking: call it through async::offload on a pool of one thread. One writer
// per source instance (the leader), any number of readers in any number of processes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/change_set.h"
#include "catalog/model.h"
#include "catalog/usage_table.h"
#include "catalog/vector_table.h"

namespace mcpo::catalog {

// Held while this process leads a source instance; dropping it gives the lead up. Ends by itself
// with the process, however that ends.
class Lease {
 public:
  virtual ~Lease() = default;
};

struct Leader {
  std::int64_t pid = 0;
  std::string what;  // "serve", "ingest"
};

inline constexpr std::size_t kSpareVectors = 20'000;
inline constexpr std::size_t kMaxUsedTools = 4096;

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<Catalog> read_all() = 0;
  // `known` brought up to date, or nullopt when nothing changed since. Reads only what changed.
  virtual Result<std::optional<Catalog>> read_since(const Catalog& known) = 0;
  // One short transaction; returns the new version and the ids given, or the current version when
  // `changes` alter nothing (then nothing is written). Errors: unavailable (disk full, locked for
  // long: nothing was written), corrupt.
  virtual Result<Catalog> apply(const Catalog& known, const ChangeSet& changes) = 0;

  // Embeddings, by the model that made them and the hash of their text. They are no part of the
  // catalog's version, and bytes come back as they were written, whatever they are.
  virtual Result<Vectors> read_vectors(const std::string& model,
                                       const std::vector<ContentHash>& hashes) = 0;
  // In short transactions; after an error some may be stored. Errors as apply().
  virtual Result<void> write_vectors(
      const std::string& model,
      const std::vector<std::pair<ContentHash, std::string>>& vectors) = 0;
  // Forgets the oldest of this model that are not in `keep`, beyond `spare` of them (what went may
  // come back), and all of models but this and the one used before it.
  virtual Result<void> prune_vectors(const std::string& model, const std::vector<ContentHash>& keep,
                                     std::size_t spare = kSpareVectors) = 0;

  // Calls that are remembered, by the model whose vectors they have: oldest first. No part of the
  // catalog's version either.
  virtual Result<std::vector<UsedTool>> read_used_tools(const std::string& model) = 0;
  // Keeps the newest kMaxUsedTools. Errors as apply().
  virtual Result<void> add_used_tool(const std::string& model, const UsedTool& used) = 0;

  // nullptr when another process leads that instance: who() tells which.
  virtual Result<std::unique_ptr<Lease>> try_lead(const SourceInstance& origin,
                                                  const std::string& what) = 0;
  virtual Result<std::optional<Leader>> who_leads(const SourceInstance& origin) = 0;
  // Any instance of this store, by another process than ours.
  virtual Result<std::vector<Leader>> leaders() = 0;
};

enum class OpenMode { create_if_missing, must_exist, read_only };

// SQLite: `path` is the database file. Any number of processes may open one at once, also a new one
// or one of an older version: they take turns and none is refused. Errors: not_found (must_exist,
// read_only), denied ("cannot write to ...: permission denied"), conflict ("made by a newer
// version", "not a catalog of ours: it holds tables of ..."), corrupt (the file is kept as it is
// and named), unavailable (others keep it locked for 5 to 10 s).
Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, OpenMode mode);

}  // namespace mcpo::catalog
