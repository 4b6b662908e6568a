#include "async/task_scope.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <vector>

namespace mcpo::async {

struct TaskScope::Handle::Entry {
  std::string name;
  asio::cancellation_signal signal;
};

struct TaskScope::State {
  State(Executor e, Logger& l) : executor(std::move(e)), log(l) {}

  void cancel_all() {
    const auto all = entries;  // a cancelled coroutine may spawn, or end, meanwhile
    for (const auto& entry : all) entry->signal.emit(asio::cancellation_type::terminal);
  }
  void ended(const std::shared_ptr<Handle::Entry>& entry, const std::exception_ptr& thrown,
             const Result<void>& result);

  Executor executor;
  Logger& log;
  bool closing = false;
  std::vector<std::shared_ptr<Handle::Entry>> entries;       // those that run
  std::vector<std::shared_ptr<asio::steady_timer>> closers;  // woken when none runs
};

namespace {

// Begins in a later turn of the loop, so that spawn() never runs the work's code under its caller.
Task<void> run_spawned(Task<void> work) {
  CO_CHECK_OK(co_await detail::begin_cancellable());
  co_await asio::post(asio::use_awaitable);
  CO_CHECK_OK(co_await check_cancelled());
  co_return co_await std::move(work);
}

std::string describe(const std::exception_ptr& thrown) {
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& exception) {
    return exception.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

void TaskScope::State::ended(const std::shared_ptr<Handle::Entry>& entry,
                             const std::exception_ptr& thrown, const Result<void>& result) {
  if (thrown) {
    log.error("background task threw", {{"task", entry->name}, {"cause", describe(thrown)}});
  } else if (!result && result.error().code != Errc::cancelled) {
    log.warn("background task failed", {{"task", entry->name}, {"cause", result.error().message}});
  }
  std::erase(entries, entry);
  if (!entries.empty()) return;
  for (const auto& closer : closers) closer->cancel();
  closers.clear();
}

TaskScope::TaskScope(Executor executor, Logger& log)
    : state_(std::make_shared<State>(std::move(executor), log)) {}

TaskScope::~TaskScope() {
  state_->closing = true;
  state_->cancel_all();
}

void TaskScope::spawn(std::string name, Task<void> work) {
  spawn_cancellable(std::move(name), std::move(work));
}

TaskScope::Handle TaskScope::spawn_cancellable(std::string name, Task<void> work) {
  if (state_->closing) return Handle();
  auto entry = std::make_shared<Handle::Entry>();
  entry->name = std::move(name);
  state_->entries.push_back(entry);
  auto done = [state = state_, entry](std::exception_ptr thrown, const Result<void>& result) {
    state->ended(entry, thrown, result);
  };
  asio::co_spawn(state_->executor, run_spawned(std::move(work)),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
  Handle handle;
  handle.entry_ = entry;
  return handle;
}

std::size_t TaskScope::running() const { return state_->entries.size(); }

void TaskScope::cancel() { state_->cancel_all(); }

Task<void> TaskScope::close(Deadline deadline) {
  co_await asio::this_coro::throw_if_cancelled(false);
  auto state = state_;
  state->closing = true;
  state->cancel_all();
  if (!state->entries.empty()) {
    auto waker = std::make_shared<asio::steady_timer>(state->executor, deadline.time());
    state->closers.push_back(waker);
    // Not interrupted by a cancellation of the closer: it would leave while tasks still use what it
    // owns. The deadline bounds it.
    auto token = asio::bind_cancellation_slot(asio::cancellation_slot(),
                                              asio::as_tuple(asio::use_awaitable));
    co_await waker->async_wait(token);
    std::erase(state->closers, waker);
  }
  if (state->entries.empty()) co_return Result<void>();

  std::string names;
  for (const auto& entry : state->entries) {
    if (!names.empty()) names += ", ";
    names += entry->name;
  }
  state->log.warn("background tasks do not end", {{"tasks", names}});
  co_return fail(Errc::timeout, "tasks do not end: " + names);
}

void TaskScope::Handle::cancel() {
  if (auto entry = entry_.lock()) entry->signal.emit(asio::cancellation_type::terminal);
}

}  // namespace mcpo::async
