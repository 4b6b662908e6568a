#include "gateway/usage_memory.h"

#include <utility>

namespace mcpo::gateway {

UsageMemory::UsageMemory(async::Executor executor, catalog::LiveCatalog& catalog,
                         const embed::ToolEncoder& encoder, const Clock& clock, Logger& log)
    : catalog_(catalog),
      encoder_(encoder),
      clock_(clock),
      log_(log),
      tasks_(std::move(executor), log) {}

void UsageMemory::add_used(search::Query& query, const std::shared_ptr<const View>& view) {
  if (!query.embedding) return;
  if (clock_.now() >= next_load_) {
    next_load_ = SteadyTime::max();
    tasks_.spawn("read what was called before", load(query.embedding->vector.size()));
  }
  query.used = book_.used_for(*query.embedding, view);
}

async::Task<void> UsageMemory::load(std::size_t dimension) {
  std::string model = encoder_.identity();
  auto stored = co_await catalog_.read_used_tools(std::move(model));
  if (!stored) {
    next_load_ = clock_.now() + kRetryAfter;
    co_return std::unexpected(stored.error());
  }
  book_.load(*stored, dimension);
  log_.debug("what was called before counts", {{"calls", std::to_string(book_.size())}});
  co_return Result<void>{};
}

void UsageMemory::offered(const search::Query& query, const View& view,
                          const search::Ranking& ranking) {
  if (!query.embedding) return;
  std::vector<ToolKey> tools;
  for (const search::Hit& hit : ranking.hits) {
    const ViewTool tool = view.tool(hit.doc);
    tools.push_back({tool.server->server().key, tool.tool().name});
  }
  book_.offered(query.embedding->vector, std::move(tools), clock_.now());
}

void UsageMemory::called(const catalog::Server& server, const std::string& tool) {
  auto learned = book_.called({server.key, tool}, clock_.now());
  if (learned) tasks_.spawn("remember a call", store(*std::move(learned)));
}

async::Task<void> UsageMemory::store(catalog::UsedTool used) {
  std::string model = encoder_.identity();
  co_return co_await catalog_.add_used_tool(std::move(model), std::move(used));
}

}  // namespace mcpo::gateway
