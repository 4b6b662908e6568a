// LEARN_FROM_USAGE: the usage book, loaded from the catalog's database and written back.
#pragma once

#include <memory>
#include <string>

#include "async/task_scope.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/live_catalog.h"
#include "embed/tool_encoder.h"
#include "gateway/usage_book.h"

namespace mcpo::gateway {

// On the I/O thread. Borrows everything. No request waits for the database: what earlier processes
// learned counts from the second request on, since only the first one tells the model for certain.
// What other processes learn meanwhile is seen after the next start.
class UsageMemory {
 public:
  // After a failed read, until it is tried again.
  static constexpr Millis kRetryAfter{60'000};

  UsageMemory(async::Executor executor, catalog::LiveCatalog& catalog,
              const embed::ToolEncoder& encoder, const Clock& clock, Logger& log);

  // Gives a query what is known of requests like it. Nothing without an embedding.
  void add_used(search::Query& query, const std::shared_ptr<const View>& view);
  // What find_tool answered.
  void offered(const search::Query& query, const View& view, const search::Ranking& ranking);
  // A call that went well.
  void called(const catalog::Server& server, const std::string& tool);
  // Waits for what is being read and written; nothing is learned after it.
  async::Task<void> close(async::Deadline deadline) { return tasks_.close(deadline); }

 private:
  async::Task<void> load(std::size_t dimension);
  async::Task<void> store(catalog::UsedTool used);

  catalog::LiveCatalog& catalog_;
  const embed::ToolEncoder& encoder_;
  const Clock& clock_;
  Logger& log_;
  UsageBook book_;
  SteadyTime next_load_{};  // max(): it is loaded, or being loaded
  async::TaskScope tasks_;
};

}  // namespace mcpo::gateway
