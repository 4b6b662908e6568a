#include "gateway/usage_memory.h"

#include <utility>

namespace mcpo::gateway {

UsageMemory::UsageMemory(async::Executor executor, catalog::LiveCatalog& catalog,
                         const embed::ToolEncoder& encoder, const Clock& clock, Logger& log)
    : catalog_(catalog),
      encoder_(encoder),
      clock_(clock),
      log_(log),
      writes_(std::move(executor), log) {}

async::Co<> UsageMemory::add_used(search::Query& query, std::shared_ptr<const View> view) {
  if (!query.embedding) co_return;
  if (!is_loaded_) co_await load();
  query.used = book_.used_for(*query.embedding, view);
}

// With the first request, because only then the model is known for certain. Requests that come
// meanwhile are answered without.
async::Co<> UsageMemory::load() {
  is_loaded_ = true;
  std::string model = encoder_.identity();
  auto stored = co_await catalog_.read_used_tools(std::move(model));
  if (stored) {
    book_.load(*stored);
  } else {
    is_loaded_ = stored.error().code != Errc::cancelled;
    log_.warn("what was called before could not be read", {{"cause", stored.error().message}});
  }
}

void UsageMemory::offered(const search::Query& query, const View& view,
                          const search::Ranking& ranking) {
  if (!query.embedding) return;
  std::vector<ToolKey> tools;
  for (const search::Hit& hit : ranking.hits) {
    const ViewTool tool = view.tool(hit.doc);
    tools.push_back({tool.server->server().key, tool.tool().name});
  }
  book_.offered(query.embedding, std::move(tools), clock_.now());
}

void UsageMemory::called(const catalog::Server& server, const std::string& tool) {
  auto learned = book_.called({server.key, tool}, clock_.now());
  if (learned) writes_.spawn("remember a call", store(*std::move(learned)));
}

async::Task<void> UsageMemory::store(catalog::UsedTool used) {
  std::string model = encoder_.identity();
  co_return co_await catalog_.add_used_tool(std::move(model), std::move(used));
}

}  // namespace mcpo::gateway
