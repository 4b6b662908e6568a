// The same work for many things, some at a time.
#pragma once

#include <cstddef>
#include <functional>

#include "async/task.h"
#include "base/log.h"

namespace mcpo::sources {

// Runs work(0) ... work(count - 1), begun in this order, at most `max_parallel` at a time, and
// returns when all have ended. Their errors are theirs to keep; internal ones, and what they throw,
// are logged. Cancelled: begins no more, cancels those that run and waits for
// them. What `work` borrows is safe until this returns.
async::Task<void> for_each_parallel(async::Executor executor, std::size_t count,
                                    std::size_t max_parallel,
                                    std::function<async::Task<void>(std::size_t)> work,
                                    Logger& log);

}  // namespace mcpo::sources
