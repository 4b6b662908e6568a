#include "async/notifier.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <vector>

namespace mcpo::async {

struct Notifier::State {
  explicit State(Executor e) : executor(std::move(e)) {}
  void wake_all() {
    for (asio::steady_timer* timer : waiting) timer->cancel();
  }

  Executor executor;
  std::uint64_t version = 0;
  bool gone = false;
  std::vector<asio::steady_timer*> waiting;  // each in its waiter's frame, set to its deadline
};

Notifier::Notifier(Executor executor) : state_(std::make_shared<State>(std::move(executor))) {}

Notifier::~Notifier() {
  state_->gone = true;
  state_->wake_all();
}

std::uint64_t Notifier::version() const { return state_->version; }

void Notifier::notify_all() {
  ++state_->version;
  state_->wake_all();
}

Task<void> Notifier::wait_change(std::uint64_t seen, Deadline deadline) {
  return wait_on(state_, seen, deadline);
}

Task<void> Notifier::wait_on(std::shared_ptr<State> state, std::uint64_t seen, Deadline deadline) {
  struct Registration {
    Registration(State& s, Deadline d) : state(s), timer(s.executor, d.time()) {
      state.waiting.push_back(&timer);
    }
    ~Registration() { std::erase(state.waiting, &timer); }
    State& state;
    asio::steady_timer timer;
  };
  while (state->version == seen) {
    CO_CHECK_OK(co_await check_cancelled());
    if (state->gone) co_return fail(Errc::cancelled, "the notifier is gone");
    if (deadline.expired()) co_return fail(Errc::timeout, "no change in time");
    Registration registration(*state, deadline);
    co_await registration.timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return Result<void>();
}

}  // namespace mcpo::async
