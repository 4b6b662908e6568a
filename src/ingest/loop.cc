#include "ingest/loop.h"

namespace mcpo::ingest {
namespace {

// In the memory of a source: when somebody who does not lead wanted it looked at.
constexpr const char* kWish = "wanted";

}  // namespace

IngestLoop::IngestLoop(async::Executor executor, Cycle& cycle,
                       std::vector<sources::Source*> sources, catalog::LiveCatalog& catalog,
                       Millis interval, const Clock& clock, Logger& log)
    : executor_(executor),
      cycle_(cycle),
      sources_(std::move(sources)),
      catalog_(catalog),
      clock_(clock),
      log_(log),
      scope_(executor, log) {
  for (sources::Source* source : sources_) {
    queues_[source->origin()] = std::make_unique<async::Periodic>(
        executor_, interval, [this, source] { return run_one(*source); });
  }
}

async::Task<void> IngestLoop::run() {
  cycle_.on_wants_run([this] { trigger_all(); });
  for (sources::Source* source : sources_) {
    async::Periodic& queue = *queues_[source->origin()];
    scope_.spawn("follow " + source->origin().source, queue.run());
    scope_.spawn("watch " + source->origin().source,
                 source->watch([&queue] { queue.trigger_now(); }));
  }
  while (true) {
    auto& changed = catalog_.changed();
    CO_CHECK_OK(co_await changed.wait_change(changed.version(), async::Deadline::never()));
    catalog_changed();
  }
}

async::Co<> IngestLoop::run_one(sources::Source& source) {
  std::vector<sources::Source*> alone{&source};  // named first: braces in co_await crash g++ 12
  (void)co_await cycle_.run(std::move(alone));
  done_once_.insert(source.origin());
}

void IngestLoop::trigger(const SourceInstance& origin) {
  if (const auto queue = queues_.find(origin); queue != queues_.end()) queue->second->trigger_now();
}

void IngestLoop::trigger_all() {
  for (const auto& [origin, queue] : queues_) queue->trigger_now();
}

async::Task<void> IngestLoop::request(SourceInstance origin) {
  trigger(origin);
  if (cycle_.leads(origin)) co_return Result<void>{};
  catalog::ChangeSet changes;
  changes.memory[origin][kWish] = std::to_string(clock_.wall_now().unix_ms);
  CO_CHECK_OK(co_await catalog_.apply(std::move(changes)));
  co_return Result<void>{};
}

void IngestLoop::catalog_changed() {
  cycle_.refresh_routes();
  const auto catalog = catalog_.read();
  for (sources::Source* source : sources_) {
    const SourceInstance& origin = source->origin();
    if (!cycle_.leads(origin)) {
      if (cycle_.is_behind(origin)) trigger(origin);
      continue;
    }
    const auto memory = catalog->memory.find(origin);
    if (memory == catalog->memory.end()) continue;
    const auto wish = memory->second.find(kWish);
    if (wish == memory->second.end() || granted_[origin] == wish->second) continue;
    granted_[origin] = wish->second;
    trigger(origin);
  }
}

}  // namespace mcpo::ingest
