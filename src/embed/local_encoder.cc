// Two sides share `State`: the caller's executor (everything but `queue` and `loaded`) and the
// workers, which hand over by posting to the executor. Only values cross. The thread that loads the
// model shares `Loading` alone, so that stop() may leave it behind: it never touches the executor
// or the log.
#include "embed/local_encoder.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <utility>

#include "async/notifier.h"
#include "embed/work_queue.h"

namespace mcpo::embed {
namespace {

namespace asio = boost::asio;
using Model = std::shared_ptr<const TextModel>;

// A worker's last resort: what the model throws (no memory) fails one text, not the process.
Result<Encoding> encode_guarded(const TextModel& model, const EncodeJob& job) {
  try {
    return model.encode(job);
  } catch (const std::exception& thrown) {
    return fail(Errc::internal, std::string("encode a text: ") + thrown.what());
  }
}

const Error kStopping{Errc::cancelled, "the encoder is stopping"};

}  // namespace

// The model's way from the loader, which calls run(), to the first worker.
struct LocalEncoder::Loading {
  struct Outcome {
    Result<Model> model;
    Millis took{};
  };
  void run(const Load& make);
  std::optional<Outcome> wait();  // none: stopped
  bool has_ended_within(Millis grace);

  std::stop_source stopping;
  std::mutex mutex;  // guards what follows
  std::condition_variable_any changed;
  std::optional<Outcome> outcome;
};

void LocalEncoder::Loading::run(const Load& make) {
  const auto begun = std::chrono::steady_clock::now();
  Result<Model> model;
  try {
    model = make(stopping.get_token());
  } catch (const std::exception& thrown) {
    model = fail(Errc::internal, std::string("load the embedding model: ") + thrown.what());
  }
  const auto took = std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - begun);
  const std::lock_guard lock(mutex);
  outcome = Outcome{std::move(model), took};
  changed.notify_all();
}

std::optional<LocalEncoder::Loading::Outcome> LocalEncoder::Loading::wait() {
  std::unique_lock lock(mutex);
  changed.wait(lock, stopping.get_token(), [this] { return outcome.has_value(); });
  return stopping.stop_requested() ? std::nullopt : outcome;
}

bool LocalEncoder::Loading::has_ended_within(Millis grace) {
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, grace, [this] { return outcome.has_value(); });
}

struct LocalEncoder::State : std::enable_shared_from_this<State> {
  State(async::Executor where, LocalEncoderOptions how, Logger& l)
      : executor(std::move(where)),
        options(how),
        log(l),
        queue(how.max_waiting),
        became_ready(executor) {}

  void hand_over(Loading& from);
  void on_loaded(const Result<Model>& result, Millis took);
  void work();
  void run(const WorkQueue::Item& item, const TextModel& model);
  void finish(const std::shared_ptr<EncodeCall>& call, Result<std::vector<Encoding>> result);
  void fail_waiting(const Error& error);

  const async::Executor executor;
  const LocalEncoderOptions options;
  Logger& log;
  WorkQueue queue;
  std::promise<Model> has_loaded;  // null: failed, or stopped
  std::shared_future<Model> loaded{has_loaded.get_future()};
  std::atomic<bool> is_stopping = false;
  std::atomic<bool> has_worked = false;  // since the last rest

  async::Notifier became_ready;
  Model model;  // once ready
  std::string identity;
  std::optional<Error> failure;
  bool loads_slowly = false;  // somebody waited for the model in vain
};

LocalEncoder::LocalEncoder(async::Executor executor, Load load, LocalEncoderOptions options,
                           Logger& log) {
  options.threads = std::max<std::size_t>(options.threads, 1);
  state_ = std::make_shared<State>(std::move(executor), options, log);
  loading_ = std::make_shared<Loading>();
  loader_ = std::thread([loading = loading_, make = std::move(load)] { loading->run(make); });
  for (std::size_t i = 0; i < options.threads; ++i) {
    threads_.emplace_back([state = state_, from = i == 0 ? loading_ : nullptr] {
      if (from) state->hand_over(*from);
      state->work();
    });
  }
}

LocalEncoder::~LocalEncoder() { stop(); }

void LocalEncoder::stop() {
  state_->is_stopping.store(true);
  loading_->stopping.request_stop();
  state_->fail_waiting(kStopping);
  threads_.clear();
  if (!loader_.joinable()) return;
  if (loading_->has_ended_within(state_->options.stop_grace)) {
    loader_.join();
  } else {
    loader_.detach();
  }
}

void LocalEncoder::State::fail_waiting(const Error& error) {
  for (const auto& call : queue.close()) finish(call, std::unexpected(error));
}

// On the first worker.
void LocalEncoder::State::hand_over(Loading& from) {
  const auto outcome = from.wait();
  if (!outcome) return has_loaded.set_value(nullptr);
  const Result<Model>& result = outcome->model;
  // Before any worker can begin: whoever gets a vector must find the identity known.
  asio::post(executor, [self = shared_from_this(), result, took = outcome->took] {
    self->on_loaded(result, took);
  });
  has_loaded.set_value(result ? *result : nullptr);
  if (!result) fail_waiting({Errc::unavailable, result.error().message});
}

void LocalEncoder::State::on_loaded(const Result<Model>& result, Millis took) {
  if (result) {
    model = *result;
    identity = model->identity();
    log.info("embedding model loaded", {{"model", identity}, {"ms", took.count()}});
  } else {
    failure = result.error();
    log.warn("no embedding model: search is by words alone", {{"cause", failure->message}});
  }
  became_ready.notify_all();
}

void LocalEncoder::State::work() {
  const std::shared_future<Model> own = loaded;  // one object for each thread
  const Model& mine = own.get();
  if (!mine) return;
  while (true) {
    // Not on a timer: memory that is given back while there is work is wanted again at once.
    if (has_worked.load() && !queue.wait_for(options.rest_after) && has_worked.exchange(false)) {
      mine->rest();
    }
    const auto item = queue.pop();
    if (!item) return;
    run(*item, *mine);
    has_worked.store(true);
  }
}

void LocalEncoder::State::run(const WorkQueue::Item& item, const TextModel& with) {
  EncodeCall& call = *item.call;
  if (call.abandoned.load(std::memory_order_relaxed)) return;
  auto encoding = encode_guarded(with, call.jobs[item.index]);
  if (!encoding) return finish(item.call, std::unexpected(std::move(encoding).error()));
  call.results[item.index] = *std::move(encoding);
  // The last one sees what the others wrote.
  if (call.left.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  finish(item.call, std::move(call.results));
}

// From any thread.
void LocalEncoder::State::finish(const std::shared_ptr<EncodeCall>& call,
                                 Result<std::vector<Encoding>> result) {
  if (!result) call->abandoned.store(true, std::memory_order_relaxed);
  asio::post(executor,
             [call, result = std::move(result)]() mutable { call->done.set(std::move(result)); });
}

async::Task<void> LocalEncoder::ready(async::Deadline deadline) {
  return wait_ready(state_, deadline);
}

async::Task<void> LocalEncoder::wait_ready(std::shared_ptr<State> state, async::Deadline deadline) {
  while (!state->model && !state->failure) {
    const std::uint64_t seen = state->became_ready.version();
    CO_CHECK_OK(co_await state->became_ready.wait_change(seen, deadline));
  }
  if (state->failure) co_return std::unexpected(*state->failure);
  co_return Result<void>();
}

EncoderHealth LocalEncoder::health() const {
  using Kind = EncoderHealth::State;
  if (state_->failure) return {Kind::failed, state_->failure->message};
  return {state_->model ? Kind::ready : Kind::starting, ""};
}

const std::string& LocalEncoder::identity() const { return state_->identity; }

async::Task<std::vector<Encoding>> LocalEncoder::encode(std::vector<EncodeJob> jobs,
                                                        Priority priority,
                                                        async::Deadline deadline) {
  const std::shared_ptr<State> state = state_;
  CO_CHECK_OK(co_await async::check_cancelled());
  if (state->failure) co_return fail(Errc::unavailable, state->failure->message);
  if (jobs.empty()) co_return std::vector<Encoding>();
  const bool is_waited_for = priority == Priority::interactive;
  if (is_waited_for && state->loads_slowly && !state->model) {
    co_return fail(Errc::unavailable, "the model is still loading");
  }
  if (jobs.size() > state->options.max_waiting) {
    co_return fail(Errc::too_large, "more than " + std::to_string(state->options.max_waiting) +
                                        " texts to encode at once");
  }
  const auto call = std::make_shared<EncodeCall>(state->executor, std::move(jobs), priority);
  const WorkQueue::Push pushed = state->queue.push(call);
  if (pushed == WorkQueue::Push::closed) co_return co_await why_closed(state, deadline);
  if (pushed == WorkQueue::Push::full) {
    co_return fail(Errc::unavailable, "the embedding queue takes no more texts");
  }
  // Whichever way this coroutine ends, its texts leave the queue with it.
  const auto leave = [&state](EncodeCall* left) {
    left->abandoned.store(true, std::memory_order_relaxed);
    state->queue.remove(*left);
  };
  const std::unique_ptr<EncodeCall, decltype(leave)> guard(call.get(), leave);
  auto result = co_await call->done.wait(deadline);
  if (!result && result.error().code == Errc::timeout) {
    if (is_waited_for && !state->model && !state->failure) state->loads_slowly = true;
    co_return fail(Errc::timeout, "encode texts: no answer in time");
  }
  co_return result;
}

// The queue closes before the executor hears of the failure: on_loaded() is on its way.
async::Task<std::vector<Encoding>> LocalEncoder::why_closed(std::shared_ptr<State> state,
                                                            async::Deadline deadline) {
  if (state->is_stopping.load()) co_return std::unexpected(kStopping);
  const auto ready = co_await wait_ready(state, deadline);
  if (state->failure) co_return fail(Errc::unavailable, state->failure->message);
  co_return std::unexpected(ready ? kStopping : ready.error());
}

bool LocalEncoder::is_word(std::uint32_t token) const {
  return state_->model && state_->model->is_word(token);
}

std::string_view LocalEncoder::piece(std::uint32_t token) const {
  return state_->model ? state_->model->piece(token) : std::string_view();
}

std::size_t LocalEncoder::waiting() const { return state_->queue.size(); }

}  // namespace mcpo::embed
