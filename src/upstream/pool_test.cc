#include "upstream/pool.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <stdexcept>

#include "async/notifier.h"
#include "upstream/self.h"

namespace mcpo::upstream {
namespace {

namespace asio = boost::asio;

constexpr ServerId kServer{1};

// A session that dies when told to.
struct FakeClient final : mcp::Client {
  explicit FakeClient(int& closed_count) : closed(closed_count) {}

  mcp::Era era() const override { return mcp::Era::legacy; }
  const std::string& protocol_version() const override { return text; }
  const std::string& instance() const override { return instance_text; }
  bool alive() const override { return living; }
  std::string death_reason() const override { return "it crashed"; }
  async::Task<mcp::ToolList> list_tools(async::Deadline) override { co_return mcp::ToolList{}; }
  async::Task<mcp::CallReply> call_tool(std::string, std::string, mcp::CallOptions) override {
    co_return mcp::CallReply{};
  }
  async::Task<void> ping(async::Deadline) override { co_return Result<void>{}; }
  void on_tools_changed(std::function<void()> callback) override { changed = std::move(callback); }
  void on_death(std::function<void()> callback) override { death = std::move(callback); }
  async::Task<void> close(async::Deadline) override {
    while (lingers) co_await asio::post(asio::use_awaitable);
    ++closed;
    co_return Result<void>{};
  }
  void die() {
    living = false;
    if (death) death();
  }

  int& closed;
  bool lingers = false;  // close() ends when it is over, whatever the deadline
  bool living = true;
  std::string text;
  std::string instance_text;
  std::function<void()> changed;
  std::function<void()> death;
};

// Connects when `gate` opens; fails while `failure` is set.
struct FakeConnector final : mcp::Connector {
  explicit FakeConnector(async::Executor executor) : gate(executor) {}

  async::Task<std::unique_ptr<mcp::Client>> connect(mcp::ConnectionSpec, mcp::ClientOptions,
                                                    async::Deadline deadline) override {
    ++attempts;
    if (throws) throw std::runtime_error("out of memory");
    while (!open) CO_CHECK_OK(co_await gate.wait_change(gate.version(), deadline));
    if (!failure.empty()) co_return fail(Errc::unavailable, failure);
    auto client = std::make_unique<FakeClient>(closed);
    client->instance_text = instance;
    last = client.get();
    co_return client;
  }

  async::Notifier gate;
  bool open = true;
  std::string failure;
  bool throws = false;
  std::string instance;
  int attempts = 0;
  int closed = 0;
  FakeClient* last = nullptr;
};

class PoolTest : public testing::Test {
 public:
  PoolTest() { set_route("a"); }

  void set_route(const std::string& command) {
    mcp::StdioSpec spec;
    spec.command = command;
    directory.replace({{kServer, Route{"github", spec}}});
  }

  void run(async::Co<> (*test)(PoolTest&)) {
    auto all = [](PoolTest& self, async::Co<> (*body)(PoolTest&)) -> async::Co<> {
      co_await asio::this_coro::throw_if_cancelled(false);
      co_await body(self);
      (void)co_await self.pool.close(soon());
    };
    asio::co_spawn(context, all(*this, test), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
  }

  static async::Deadline soon() { return async::Deadline::in(Millis(60'000)); }

  asio::io_context context{1};
  Directory directory;
  FakeConnector connector{context.get_executor()};
  ManualClock clock;
  Pool pool{context.get_executor(),
            directory,
            connector,
            clock,
            PoolOptions{.max_calls_per_server = 2, .own_instance = "us"},
            Logger::none()};
};

TEST_F(PoolTest, CallersShareOneSession) {
  run([](PoolTest& t) -> async::Co<> {
    auto first = co_await t.pool.acquire(kServer, soon());
    auto second = co_await t.pool.acquire(kServer, soon());
    EXPECT_TRUE(first.has_value() && second.has_value());
    EXPECT_EQ(t.connector.attempts, 1);
    EXPECT_EQ(t.pool.health(kServer).state, SessionHealth::State::live);
  });
}

TEST_F(PoolTest, OverTheLimitIsBusy) {
  run([](PoolTest& t) -> async::Co<> {
    auto first = co_await t.pool.acquire(kServer, soon());
    auto second = co_await t.pool.acquire(kServer, soon());
    auto third = co_await t.pool.acquire(kServer, soon());
    EXPECT_FALSE(third.has_value());
    second = fail(Errc::internal, "dropped");
    auto fourth = co_await t.pool.acquire(kServer, soon());
    EXPECT_TRUE(fourth.has_value());
  });
}

TEST_F(PoolTest, UnknownServerIsNotFound) {
  run([](PoolTest& t) -> async::Co<> {
    auto none = co_await t.pool.acquire(ServerId{9}, soon());
    EXPECT_EQ(none.error().code, Errc::not_found);
    EXPECT_EQ(none.error().cause, Cause::no_route);
  });
}

TEST_F(PoolTest, FailureIsToldAndTheNextCallTriesAtOnce) {
  run([](PoolTest& t) -> async::Co<> {
    t.connector.failure = "connection refused";
    auto failed = co_await t.pool.acquire(kServer, soon());
    EXPECT_EQ(failed.error().message, "connection refused");
    EXPECT_EQ(t.pool.health(kServer).reason, "connection refused");
    t.connector.failure.clear();
    auto again = co_await t.pool.acquire(kServer, soon());
    EXPECT_TRUE(again.has_value());
    EXPECT_EQ(t.connector.attempts, 2);
  });
}

TEST_F(PoolTest, WaitingForASlowServerHasADeadlineOfItsOwn) {
  run([](PoolTest& t) -> async::Co<> {
    t.connector.open = false;
    auto late = co_await t.pool.acquire(kServer, async::Deadline::in(Millis(5)));
    EXPECT_EQ(late.error().code, Errc::timeout);
    t.connector.open = true;
    t.connector.gate.notify_all();
    auto patient = co_await t.pool.acquire(kServer, soon());
    EXPECT_TRUE(patient.has_value());
    EXPECT_EQ(t.connector.attempts, 1);  // the attempt of the first caller went on
  });
}

TEST_F(PoolTest, DeadSessionIsReplacedAndItsToolsAskedFor) {
  run([](PoolTest& t) -> async::Co<> {
    int changes = 0;
    t.pool.on_tools_changed([&](ServerId) { ++changes; });
    (void)co_await t.pool.acquire(kServer, soon());
    t.connector.last->die();
    EXPECT_EQ(t.pool.health(kServer).state, SessionHealth::State::failed);
    EXPECT_EQ(t.pool.health(kServer).reason, "it crashed");
    auto again = co_await t.pool.acquire(kServer, soon());
    EXPECT_TRUE(again.has_value());
    EXPECT_EQ(changes, 1);
  });
}

TEST_F(PoolTest, NewRouteMeansNewSessionAndRunningCallsFinishOnTheOld) {
  run([](PoolTest& t) -> async::Co<> {
    auto running = co_await t.pool.acquire(kServer, soon());
    mcp::Client* old = &running->client();
    t.set_route("b");
    auto fresh = co_await t.pool.acquire(kServer, soon());
    EXPECT_NE(&fresh->client(), old);
    EXPECT_EQ(t.connector.closed, 0);
    running = fail(Errc::internal, "done");
    while (t.connector.closed == 0) (void)co_await async::sleep_for(Millis(1));
    EXPECT_EQ(t.connector.closed, 1);
  });
}

TEST_F(PoolTest, ADetourBackToUsIsRefused) {
  run([](PoolTest& t) -> async::Co<> {
    t.connector.instance = "us";
    auto loop = co_await t.pool.acquire(kServer, soon());
    EXPECT_EQ(loop.error().code, Errc::denied);
    EXPECT_TRUE(t.pool.health(kServer).is_ourselves);
  });
}

TEST_F(PoolTest, AnAttemptThatThrowsHasFailed) {
  run([](PoolTest& t) -> async::Co<> {
    t.connector.throws = true;
    auto failed = co_await t.pool.acquire(kServer, soon());
    EXPECT_EQ(failed.error().code, Errc::internal);
    t.connector.throws = false;
    EXPECT_TRUE((co_await t.pool.acquire(kServer, soon())).has_value());
  });
}

TEST_F(PoolTest, ASessionThatEndsLateMayOutliveTheClosing) {
  run([](PoolTest& t) -> async::Co<> {
    EXPECT_TRUE((co_await t.pool.acquire(kServer, soon())).has_value());
    t.connector.last->lingers = true;
    (void)co_await t.pool.close(async::Deadline::in(Millis(5)));
    EXPECT_EQ(t.connector.closed, 0);
    t.connector.last->lingers = false;
  });
  EXPECT_EQ(connector.closed, 1);
}

TEST(Self, OwnBinaryUnderAnyNameAndOwnEndpoint) {
  const SelfIdentity self{.binary = "/bin/sh", .path = "/bin", .host = "127.0.0.1", .port = 9900};
  const auto stdio = [&](std::string command, std::vector<std::string> args) {
    mcp::StdioSpec spec;
    spec.command = std::move(command);
    spec.args = std::move(args);
    return recognise_self(spec, self).has_value();
  };
  EXPECT_TRUE(stdio("sh", {}));
  EXPECT_TRUE(stdio("/bin/sh", {}));
  EXPECT_TRUE(stdio("env", {"/bin/sh", "serve"}));
  EXPECT_TRUE(stdio("bash", {"-c", "exec '/bin/sh' serve --stdio"}));
  EXPECT_FALSE(stdio("cat", {"shell"}));
  const auto url = [&](std::string_view text) {
    mcp::HttpSpec spec;
    spec.url = http::parse_url(text).value();
    return recognise_self(spec, self).has_value();
  };
  EXPECT_TRUE(url("http://localhost:9900/mcp"));
  EXPECT_TRUE(url("http://127.0.0.1:9900/mcp?x=1"));
  EXPECT_FALSE(url("http://127.0.0.1:9901/mcp"));
  EXPECT_FALSE(url("http://127.0.0.1:9900/other"));
}

}  // namespace
}  // namespace mcpo::upstream
