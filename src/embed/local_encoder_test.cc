#include "embed/local_encoder.h"

#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "http/test_support.h"

namespace mcpo::embed {
namespace {

namespace asio = boost::asio;
using http::soon;

// Encodes a text when the test lets it; remembers the order.
class GatedModel final : public TextModel {
 public:
  const std::string& identity() const override { return identity_; }
  bool is_word(std::uint32_t token) const override { return token == 1; }
  std::string_view piece(std::uint32_t) const override { return "piece"; }
  Result<Encoding> encode(const EncodeJob& job) const override {
    std::unique_lock lock(mutex_);
    begun_.push_back(job.text);
    changed_.notify_all();
    changed_.wait(lock, [this] { return allowed_ > 0; });
    --allowed_;
    if (job.text == "bad") return fail(Errc::internal, "bad text");
    if (job.text == "throws") throw std::bad_alloc();
    return Encoding{.vector = {static_cast<float>(job.text.size())}};
  }

  void rest() const override {
    const std::lock_guard lock(mutex_);
    ++rests_;
    changed_.notify_all();
  }
  void wait_until_rested(int times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return rests_ >= times; });
    EXPECT_EQ(rests_, times);
  }

  void allow(int texts) {
    const std::lock_guard lock(mutex_);
    allowed_ += texts;
    changed_.notify_all();
  }
  void wait_until_begun(std::size_t texts) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_.size() >= texts; });
  }
  std::vector<std::string> begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  std::string identity_ = "gated";
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable int allowed_ = 0;
  mutable std::vector<std::string> begun_;
  mutable int rests_ = 0;
};

class LocalEncoderTest : public http::LoopTest {
 public:
  ~LocalEncoderTest() override {
    model->allow(1000);  // nobody must wait for ever
  }
  void make(LocalEncoderOptions options) {
    auto load = [this](const std::stop_token&) -> Result<std::shared_ptr<const TextModel>> {
      return model;
    };
    encoder = std::make_unique<LocalEncoder>(context.get_executor(), load, options, Logger::none());
  }
  // Starts a call whose outcome lands in the returned place: vectors' first numbers, or the error.
  std::shared_ptr<std::string> start(std::vector<std::string> texts, Priority priority,
                                     async::Deadline deadline = soon(),
                                     asio::cancellation_slot slot = {}) {
    auto out = std::make_shared<std::string>();
    asio::co_spawn(context, ask(*this, std::move(texts), priority, deadline, out),
                   asio::bind_cancellation_slot(slot, asio::detached));
    context.restart();
    context.poll();
    return out;
  }
  void run_until_set(const std::shared_ptr<std::string>& outcome) {
    context.restart();
    while (outcome->empty()) context.run_one();
  }

  std::shared_ptr<GatedModel> model = std::make_shared<GatedModel>();
  std::unique_ptr<LocalEncoder> encoder;
  // What a worker posts must find the loop alive.
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};

 private:
  static async::Co<> ask(LocalEncoderTest& t, std::vector<std::string> texts, Priority priority,
                         async::Deadline deadline, std::shared_ptr<std::string> out) {
    co_await asio::this_coro::throw_if_cancelled(false);
    std::vector<EncodeJob> jobs;
    for (std::string& text : texts) jobs.push_back({.text = std::move(text)});
    auto result = co_await t.encoder->encode(std::move(jobs), priority, deadline);
    if (!result) {
      *out = std::string(to_string(result.error().code)) + ": " + result.error().message;
      co_return;
    }
    for (const Encoding& encoding : *result) {
      *out += std::to_string(static_cast<int>(encoding.vector[0])) + ";";
    }
  }
};

TEST_F(LocalEncoderTest, AnswersInTheOrderOfTheTexts) {
  make({.threads = 2});
  model->allow(3);
  const auto outcome = start({"a", "bb", "ccc"}, Priority::bulk);
  run_until_set(outcome);
  EXPECT_EQ(*outcome, "1;2;3;");
}

TEST_F(LocalEncoderTest, InteractiveGoesBeforeWaitingBulk) {
  make({.threads = 1});
  const auto first = start({"bulk 1", "bulk 2", "bulk 3"}, Priority::bulk);
  model->wait_until_begun(1);
  const auto query = start({"query"}, Priority::interactive);
  model->allow(2);
  run_until_set(query);
  EXPECT_EQ(*query, "5;");
  model->allow(2);
  run_until_set(first);
  EXPECT_EQ(model->begun(), (std::vector<std::string>{"bulk 1", "query", "bulk 2", "bulk 3"}));
}

TEST_F(LocalEncoderTest, AFullQueueAnswersAtOnceAndOnlyForItsPriority) {
  make({.threads = 1, .max_waiting = 2});
  const auto working = start({"w"}, Priority::bulk);
  model->wait_until_begun(1);
  const auto waiting = start({"a", "b"}, Priority::bulk);
  const auto refused = start({"c"}, Priority::bulk);
  EXPECT_EQ(*refused, "unavailable: the embedding queue takes no more texts");
  const auto query = start({"q"}, Priority::interactive);
  EXPECT_EQ(encoder->waiting(), 3U);
  model->allow(4);
  run_until_set(waiting);
  run_until_set(query);
  EXPECT_EQ(*query, "1;");
  const auto too_many = start({"a", "b", "c"}, Priority::bulk);
  EXPECT_EQ(*too_many, "too_large: more than 2 texts to encode at once");
}

TEST_F(LocalEncoderTest, ALateCallTakesItsTextsOutOfTheQueue) {
  make({.threads = 1});
  const auto working = start({"w"}, Priority::bulk);
  model->wait_until_begun(1);
  const auto late = start({"a", "b"}, Priority::interactive, async::Deadline::in(Millis(5)));
  run_until_set(late);
  EXPECT_EQ(*late, "timeout: encode texts: no answer in time");
  EXPECT_EQ(encoder->waiting(), 0U);
  model->allow(1);
  run_until_set(working);
  EXPECT_EQ(model->begun().size(), 1U);
}

TEST_F(LocalEncoderTest, ACancelledCallTakesItsTextsOutOfTheQueue) {
  make({.threads = 1});
  asio::cancellation_signal signal;
  const auto working = start({"w"}, Priority::bulk);
  model->wait_until_begun(1);
  const auto cancelled = start({"a"}, Priority::interactive, soon(), signal.slot());
  EXPECT_EQ(encoder->waiting(), 1U);
  signal.emit(asio::cancellation_type::terminal);
  run_until_set(cancelled);
  EXPECT_EQ(*cancelled, "cancelled: cancelled");
  EXPECT_EQ(encoder->waiting(), 0U);
}

TEST_F(LocalEncoderTest, OneBadTextFailsItsCallOnly) {
  make({.threads = 1});
  model->allow(4);
  const auto bad = start({"bad", "x"}, Priority::bulk);
  const auto throws = start({"throws"}, Priority::bulk);
  const auto good = start({"good"}, Priority::bulk);
  run_until_set(good);
  EXPECT_EQ(*bad, "internal: bad text");
  EXPECT_EQ(*throws, "internal: encode a text: std::bad_alloc");
  EXPECT_EQ(*good, "4;");
}

TEST_F(LocalEncoderTest, TheModelRestsOnceAfterWork) {
  make({.threads = 1, .rest_after = Millis(1)});
  for (int times = 1; times <= 3; ++times) {
    model->allow(2);
    run_until_set(start({"a", "b"}, Priority::bulk));
    model->wait_until_rested(times);
  }
}

TEST_F(LocalEncoderTest, StopFailsWhatWaitsAndJoins) {
  make({.threads = 1});
  const auto working = start({"w"}, Priority::bulk);
  model->wait_until_begun(1);
  const auto waiting = start({"a"}, Priority::bulk);
  std::jthread stopper([this] { encoder->stop(); });
  run_until_set(waiting);
  EXPECT_EQ(*waiting, "cancelled: the encoder is stopping");
  model->allow(1);
  stopper.join();
  run_until_set(working);
  EXPECT_EQ(*working, "1;");
}

// Loading waits for the test.
class LocalEncoderLoadTest : public LocalEncoderTest {
 public:
  LocalEncoderLoadTest() {
    // Deaf to stop, as the runtime is in places.
    auto load = [loaded = gate.get_future().share()](const std::stop_token&) {
      return loaded.get();
    };
    encoder = std::make_unique<LocalEncoder>(
        context.get_executor(), load, LocalEncoderOptions{.stop_grace = Millis(5)}, Logger::none());
  }
  std::promise<Result<std::shared_ptr<const TextModel>>> gate;
};

TEST_F(LocalEncoderLoadTest, CallsWaitForTheModelWithinTheirDeadline) {
  EXPECT_EQ(encoder->health().state, EncoderHealth::State::starting);
  EXPECT_EQ(encoder->identity(), "");
  const auto impatient = start({"x"}, Priority::interactive, async::Deadline::in(Millis(5)));
  run_until_set(impatient);
  EXPECT_EQ(*impatient, "timeout: encode texts: no answer in time");
  const auto patient = start({"abc"}, Priority::bulk);
  model->allow(1);
  gate.set_value(model);
  run_until_set(patient);
  EXPECT_EQ(*patient, "3;");
  EXPECT_EQ(encoder->identity(), "gated");
  EXPECT_EQ(encoder->health().state, EncoderHealth::State::ready);
  EXPECT_TRUE(encoder->is_word(1));
}

TEST_F(LocalEncoderLoadTest, OnceSomebodyWaitedInVainTheNextAreToldAtOnce) {
  const auto early = start({"early"}, Priority::interactive);
  run_until_set(start({"x"}, Priority::interactive, async::Deadline::in(Millis(5))));
  EXPECT_EQ(*start({"y"}, Priority::interactive), "unavailable: the model is still loading");
  model->allow(2);
  gate.set_value(model);
  run_until_set(early);
  EXPECT_EQ(*early, "5;");
  const auto later = start({"abc"}, Priority::interactive);
  run_until_set(later);
  EXPECT_EQ(*later, "3;");
}

TEST_F(LocalEncoderLoadTest, ABulkCallInVainSaysNothingOfThePatienceOfOthers) {
  run_until_set(start({"x"}, Priority::bulk, async::Deadline::in(Millis(5))));
  const auto query = start({"query"}, Priority::interactive);
  model->allow(1);
  gate.set_value(model);
  run_until_set(query);
  EXPECT_EQ(*query, "5;");
}

TEST_F(LocalEncoderLoadTest, StopDoesNotWaitForALoadThatIsDeafToIt) {
  const auto waiting = start({"x"}, Priority::bulk);
  encoder->stop();
  run_until_set(waiting);
  EXPECT_EQ(*waiting, "cancelled: the encoder is stopping");
  encoder.reset();
  gate.set_value(model);  // to nobody
  context.restart();
  EXPECT_EQ(context.poll(), 0U);
}

TEST_F(LocalEncoderTest, StopTellsTheLoadAndJoinsIt) {
  std::atomic<bool> heard = false;
  auto load = [&heard](const std::stop_token& stop) -> Result<std::shared_ptr<const TextModel>> {
    std::promise<void> told;
    const std::stop_callback tell(stop, [&told] { told.set_value(); });
    told.get_future().wait();
    heard = true;
    return fail(Errc::cancelled, "stopped");
  };
  encoder = std::make_unique<LocalEncoder>(context.get_executor(), load,
                                           LocalEncoderOptions{.stop_grace = std::chrono::hours(1)},
                                           Logger::none());
  encoder->stop();
  EXPECT_TRUE(heard);
  EXPECT_EQ(*start({"x"}, Priority::interactive), "cancelled: the encoder is stopping");
}

// The loop is busy while the model fails: it hears of that after the call.
TEST_F(LocalEncoderLoadTest, ACallRightAfterTheFailureIsToldItsCause) {
  auto body = [](LocalEncoderLoadTest& t) -> async::Co<> {
    t.gate.set_value(fail(Errc::not_found, "no model; ./do setup"));
    while (t.encoder->waiting() > 0) std::this_thread::yield();
    EXPECT_EQ(t.encoder->health().state, EncoderHealth::State::starting);
    std::vector<EncodeJob> jobs(1);
    const auto late = co_await t.encoder->encode(std::move(jobs), Priority::interactive, soon());
    EXPECT_EQ(late.error(), (Error{Errc::unavailable, "no model; ./do setup"}));
  };
  const auto waiting = start({"x"}, Priority::bulk);
  context.restart();
  run(body(*this));
  run_until_set(waiting);
}

TEST_F(LocalEncoderLoadTest, AModelThatCannotBeLoadedFailsEveryCallWithTheReason) {
  const auto waiting = start({"x"}, Priority::interactive);
  gate.set_value(fail(Errc::not_found, "no model; ./do setup"));
  run_until_set(waiting);
  EXPECT_EQ(*waiting, "unavailable: no model; ./do setup");
  auto body = [](LocalEncoderLoadTest& t) -> async::Co<> {
    const auto outcome = co_await t.encoder->ready(soon());
    EXPECT_EQ(outcome.error(), (Error{Errc::not_found, "no model; ./do setup"}));
  };
  context.restart();
  run(body(*this));
  EXPECT_EQ(encoder->health().state, EncoderHealth::State::failed);
  EXPECT_EQ(*start({"x"}, Priority::bulk), "unavailable: no model; ./do setup");
}

}  // namespace
}  // namespace mcpo::embed
