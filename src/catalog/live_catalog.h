// The catalog as one process sees it: the newest version in memory, writes on a thread of their
// own, and news from other processes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "async/notifier.h"
#include "async/snapshot.h"
#include "async/task.h"
#include "base/log.h"
#include "catalog/store.h"

namespace mcpo::catalog {

// Methods are called on `executor`; read() from any thread.
class LiveCatalog {
 public:
  using Ptr = std::shared_ptr<const Catalog>;

  // Reads everything once, blocking: start-up only.
  static Result<std::unique_ptr<LiveCatalog>> open(async::Executor executor,
                                                   std::unique_ptr<Store> store, Logger& log);
  ~LiveCatalog();

  Ptr read() const { return current_.read(); }
  // Woken after every new version; waking it without one does no harm.
  async::Notifier& changed() { return changed_; }

  // Writes one change set and returns the version that holds it. Errors as Store::apply.
  async::Task<Ptr> apply(ChangeSet changes);
  // As in Store. Their failures are the caller's to report: the catalog itself may be well.
  async::Task<Vectors> read_vectors(std::string model, std::vector<ContentHash> hashes);
  async::Task<void> write_vectors(std::string model,
                                  std::vector<std::pair<ContentHash, std::string>> vectors);
  async::Task<void> prune_vectors(std::string model, std::vector<ContentHash> keep);
  async::Task<std::vector<UsedTool>> read_used_tools(std::string model);
  async::Task<void> add_used_tool(std::string model, UsedTool used);
  // nullptr when another process leads.
  async::Task<std::unique_ptr<Lease>> try_lead(SourceInstance origin, std::string what);
  async::Task<std::optional<Leader>> who_leads(SourceInstance origin);
  async::Task<std::vector<Leader>> leaders();

  // Looks for other processes' changes every `interval`; give it to a TaskScope.
  async::Task<void> follow(Millis interval);
  // Why the database cannot be read or written, for /health.
  const Trouble& trouble() const { return write_trouble_ ? write_trouble_ : read_trouble_; }
  // Waits for running writes; nothing may be called after it.
  void stop() { writer_.stop(); }

 private:
  LiveCatalog(async::Executor executor, std::unique_ptr<Store> store, Ptr initial, Logger& log);
  Ptr publish(Catalog next);  // on writer_
  async::Task<Ptr> on_writer(std::function<Result<Ptr>()> work, Trouble& trouble);
  void note(const Result<Ptr>& outcome, Trouble& trouble);

  std::unique_ptr<Store> store_;  // used on writer_ only
  async::Snapshot<Catalog> current_;
  async::Notifier changed_;
  Trouble write_trouble_;  // of the last write; a read that works does not end it
  Trouble read_trouble_;
  Logger& log_;
  async::CpuPool writer_{1};
};

}  // namespace mcpo::catalog
