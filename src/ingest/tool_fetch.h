// Lists the tools of servers that the plan names: bounded in parallel, each written as soon as it
// has answered, so that a silent server delays nobody.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>

#include "async/notifier.h"
#include "async/task_scope.h"
#include "base/clock.h"
#include "catalog/live_catalog.h"
#include "ingest/plan_listing.h"
#include "ingest/reconcile.h"
#include "upstream/pool.h"

namespace mcpo::ingest {

struct ToolFetchOptions {
  std::size_t max_parallel = 16;  // WORKLOAD_INGESTION_BATCH_SIZE
  Millis timeout{20'000};         // MCP_TIMEOUT: for connecting, and again for listing
};

// On the I/O thread. Borrows everything.
class ToolFetch {
 public:
  ToolFetch(async::Executor executor, upstream::Pool& pool, catalog::LiveCatalog& catalog,
            ActivityMap& activity, const Clock& clock, ToolFetchOptions options, Logger& log);

  // Queues a listing; one that is queued or under way already is not queued twice.
  void request(ListingDue due);
  bool idle() const { return in_flight_.empty(); }
  // Waits until nothing is queued or under way.
  async::Task<void> wait_idle(async::Deadline deadline);
  async::Task<void> close(async::Deadline deadline) { return scope_.close(deadline); }

  // Called after each listing with its outcome.
  void on_outcome(std::function<void(const Change&)> callback) {
    on_outcome_ = std::move(callback);
  }
  // Called when a server turned out to be this very process; nothing is stored about it then.
  void on_ourselves(std::function<void(const ListingDue&)> callback) {
    on_ourselves_ = std::move(callback);
  }

 private:
  void start_waiting();
  bool leads_to_us(const ServerKey& key) const;
  async::Task<void> fetch(ListingDue due);
  async::Task<mcp::ToolList> list(ServerKey key);
  async::Task<mcp::ToolList> list_once(ServerKey key);
  Error explained(const ServerKey& key, Error error) const;
  async::Task<Change> store(const ListingDue& due, Result<mcp::ToolList> listed);

  upstream::Pool& pool_;
  catalog::LiveCatalog& catalog_;
  ActivityMap& activity_;
  const Clock& clock_;
  ToolFetchOptions options_;
  Logger& log_;
  std::function<void(const Change&)> on_outcome_;
  std::function<void(const ListingDue&)> on_ourselves_;
  std::deque<ListingDue> waiting_;
  std::map<ServerKey, std::string> in_flight_;  // queued or running, with the connection hash
  std::size_t running_ = 0;
  async::Notifier progress_;
  async::TaskScope scope_;
};

}  // namespace mcpo::ingest
