// Owner of spawned coroutines: whoever starts background work holds a scope, and leaving means
// cancel, then join. There is no detached coroutine in the product.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "async/deadline.h"
#include "async/task.h"
#include "base/log.h"

namespace mcpo::async {

// Runs on one executor. Destroying a scope with running coroutines cancels them; they keep their
// shared state alive, but must not touch the owner any more: so owners call close() first.
class TaskScope {
 public:
  TaskScope(Executor executor, Logger& log);
  ~TaskScope();
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;

  // Starts `work`, in a later turn of the loop. An error other than cancelled is logged with
  // `name`; so is an exception. Once close() was called, work is dropped unbegun.
  void spawn(std::string name, Task<void> work);
  // A handle that cancels one of them; cancelling what has ended does nothing.
  class Handle;
  Handle spawn_cancellable(std::string name, Task<void> work);

  std::size_t running() const;
  void cancel();
  // Cancels all and waits for the last to end, even when the closer itself is cancelled. timeout:
  // some ignore cancellation (logged by name).
  Task<void> close(Deadline deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

class TaskScope::Handle {
 public:
  Handle() = default;
  void cancel();

 private:
  friend class TaskScope;
  struct Entry;
  std::weak_ptr<Entry> entry_;
};

}  // namespace mcpo::async
