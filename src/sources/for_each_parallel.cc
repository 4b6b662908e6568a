#include "sources/for_each_parallel.h"

#include <algorithm>

#include "async/caught.h"
#include "async/notifier.h"
#include "async/task_scope.h"

namespace mcpo::sources {
namespace {

struct Shared {
  std::function<async::Task<void>(std::size_t)> work;
  Logger& log;
  std::size_t next = 0;
  std::size_t count = 0;
  std::size_t running = 0;
  async::Notifier progress;
};

async::Task<void> take_turns(Shared& shared) {
  Result<void> ended;
  while (shared.next < shared.count && ended) {
    const Result<void> done = co_await async::caught(shared.work(shared.next++));
    // All others are the work's own to keep.
    if (!done && done.error().code == Errc::internal) {
      shared.log.error("parallel work failed", {{"cause", done.error().message}});
    }
    ended = co_await async::check_cancelled();
  }
  --shared.running;
  shared.progress.notify_all();
  co_return ended;
}

}  // namespace

async::Task<void> for_each_parallel(async::Executor executor, std::size_t count,
                                    std::size_t max_parallel,
                                    std::function<async::Task<void>(std::size_t)> work,
                                    Logger& log) {
  CO_CHECK_OK(co_await async::check_cancelled());
  Shared shared{.work = std::move(work),
                .log = log,
                .count = count,
                .running = std::min(std::max<std::size_t>(max_parallel, 1), count),
                .progress = async::Notifier(executor)};
  async::TaskScope scope(executor, log);
  const std::size_t workers = shared.running;
  for (std::size_t i = 0; i < workers; ++i) scope.spawn("parallel work", take_turns(shared));
  Result<void> ended;
  while (shared.running > 0 && ended) {
    ended =
        co_await shared.progress.wait_change(shared.progress.version(), async::Deadline::never());
  }
  // They borrow from this frame: whatever happened, it waits for them.
  (void)co_await scope.close(async::Deadline::never());
  co_return ended;
}

}  // namespace mcpo::sources
