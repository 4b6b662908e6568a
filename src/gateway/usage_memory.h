// LEARN_FROM_USAGE: the usage book, loaded from the catalog's database and written back.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/task_scope.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/live_catalog.h"
#include "embed/tool_encoder.h"
#include "gateway/query_maker.h"
#include "gateway/usage_book.h"

namespace mcpo::gateway {

// On the I/O thread. Borrows everything. What other processes learn meanwhile is seen after the
// next start.
class UsageMemory {
 public:
  UsageMemory(async::Executor executor, catalog::LiveCatalog& catalog,
              const embed::ToolEncoder& encoder, const Clock& clock, Logger& log);

  // Gives a query what is known of requests like it. Nothing without an embedding.
  async::Co<> add_used(search::Query& query, std::shared_ptr<const View> view);
  // What find_tool answered.
  void offered(const search::Query& query, const View& view, const search::Ranking& ranking);
  // A call that went well.
  void called(const catalog::Server& server, const std::string& tool);
  std::size_t size() const { return book_.size(); }
  // Waits for what is being written.
  async::Task<void> close(async::Deadline deadline) { return writes_.close(deadline); }

 private:
  async::Co<> load();
  async::Task<void> store(catalog::UsedTool used);

  catalog::LiveCatalog& catalog_;
  const embed::ToolEncoder& encoder_;
  const Clock& clock_;
  Logger& log_;
  UsageBook book_;
  bool is_loaded_ = false;
  async::TaskScope writes_;
};

}  // namespace mcpo::gateway
