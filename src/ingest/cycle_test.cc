#include "ingest/cycle.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <stdexcept>

#include "ingest/scene_fake.h"

namespace mcpo::ingest {
namespace {

namespace asio = boost::asio;
using sources::ObservationState;

// Answers what the test wants, and keeps what it was told.
struct FakeSource final : sources::Source {
  explicit FakeSource(SourceInstance instance = kToolhive) : answer{.origin = std::move(instance)} {
    answer.state = ObservationState::complete;
  }
  const SourceInstance& origin() const override { return answer.origin; }
  async::Co<sources::Observation> observe(sources::History history, async::Deadline) override {
    asked = std::move(history);
    if (throws) throw std::runtime_error("out of memory");
    if (leader_that_ends != nullptr) {
      leader_that_ends->reset();
      took_over = co_await successor->take_over();
    }
    co_return answer;
  }
  async::Task<void> watch(std::function<void()>) override { co_return Result<void>{}; }

  sources::Observation answer;
  sources::History asked;
  bool throws = false;
  // Set: while it is asked one process ends, and another leads from then on.
  std::unique_ptr<Cycle>* leader_that_ends = nullptr;
  Cycle* successor = nullptr;
  bool took_over = false;
};

// No server can be reached: what cycles decide is looked at, not what listings bring.
struct NoConnector final : mcp::Connector {
  async::Task<std::unique_ptr<mcp::Client>> connect(mcp::ConnectionSpec, mcp::ClientOptions,
                                                    async::Deadline) override {
    co_return fail(Errc::unavailable, "nobody there");
  }
};

// A process: its catalog in the shared file, its directory, its cycle.
struct Process {
  Process(asio::io_context& context, const std::string& path, bool has_config = false)
      : catalog(catalog::LiveCatalog::open(
                    context.get_executor(),
                    catalog::open_sqlite_store(path, catalog::OpenMode::create_if_missing).value(),
                    Logger::none())
                    .value()),
        pool(context.get_executor(), directory, connector, clock, {}, Logger::none()),
        fetch(context.get_executor(), pool, *catalog, activity, clock, {}, Logger::none()) {
    Cycle::Parts parts;
    parts.executor = context.get_executor();
    parts.sources = {&source};
    if (has_config) parts.sources.push_back(&config);
    parts.catalog = catalog.get();
    parts.directory = &directory;
    parts.fetch = &fetch;
    parts.activity = &activity;
    parts.clock = &clock;
    parts.log = &Logger::none();
    parts.hash_key = "key";
    parts.policy.visible_origins = {kToolhive};
    cycle = std::make_unique<Cycle>(std::move(parts));
  }

  async::Co<CycleReport> run() {
    CycleReport report = co_await cycle->run();
    (void)co_await fetch.wait_idle(async::Deadline::in(Millis(5'000)));
    co_return report;
  }
  async::Co<> close() {
    (void)co_await fetch.close(async::Deadline::in(Millis(1'000)));
    (void)co_await pool.close(async::Deadline::in(Millis(1'000)));
    catalog->stop();
  }

  FakeSource source;
  FakeSource config{kConfig};
  NoConnector connector;
  ManualClock clock;
  upstream::Directory directory;
  std::unique_ptr<catalog::LiveCatalog> catalog;
  upstream::Pool pool;
  ActivityMap activity;
  ToolFetch fetch;
  std::unique_ptr<Cycle> cycle;
};

class CycleTest : public testing::Test {
 public:
  CycleTest() {
    std::string name = testing::TempDir() + "cycle-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~CycleTest() override { std::filesystem::remove_all(folder_); }

  std::string path() const { return folder_ + "/catalog.db"; }
  void run(async::Co<> (*test)(CycleTest&)) {
    asio::co_spawn(context, test(*this), [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run_for(std::chrono::seconds(90));
    EXPECT_TRUE(context.stopped());
  }

  asio::io_context context{1};

 private:
  std::string folder_;
};

sources::Workload stopped(const std::string& name) {
  sources::Workload out = a_workload(name);
  out.status = "stopped";
  return out;
}

TEST_F(CycleTest, UnchangedCycleWritesNothing) {
  run([](CycleTest& t) -> async::Co<> {
    Process process(t.context, t.path());
    process.source.answer.workloads = {stopped("board")};
    process.source.answer.registry = sources::RegistryReading{"today", {RegistryEntry{"x"}}};
    const auto first = co_await process.run();
    EXPECT_EQ(first.catalog_version, 1);
    const auto second = co_await process.run();
    EXPECT_EQ(second.catalog_version, 1);
    EXPECT_EQ(process.catalog->read()->registries.size(), 1u);
    co_await process.close();
  });
}

TEST_F(CycleTest, OneOfTwoThatWantAllSourcesGetsThem) {
  run([](CycleTest& t) -> async::Co<> {
    Process other(t.context, t.path(), true);
    Process both(t.context, t.path(), true);
    auto held = co_await other.catalog->try_lead(kConfig, "ingest");
    EXPECT_TRUE(held.has_value());
    EXPECT_FALSE(co_await both.cycle->take_over_all());
    EXPECT_FALSE(both.cycle->leads(kToolhive));  // it is free for somebody who may get all
    held->reset();
    EXPECT_TRUE(co_await both.cycle->take_over_all());
    EXPECT_TRUE(both.cycle->leads(kToolhive));
    EXPECT_TRUE(both.cycle->leads(kConfig));
    co_await other.close();
    co_await both.close();
  });
}

TEST_F(CycleTest, RemembersWhatASourceComplainsOf) {
  run([](CycleTest& t) -> async::Co<> {
    Process process(t.context, t.path());
    const ServerKey board{kToolhive, "", "board"};
    process.source.answer.workloads = {stopped("board")};
    process.source.answer.workloads[0].problem = "odd transport";
    (void)co_await process.run();
    EXPECT_EQ(process.activity[board].problem, "odd transport");
    process.source.answer.workloads[0].problem.clear();
    (void)co_await process.run();
    EXPECT_EQ(process.activity[board].problem, "");
    co_await process.close();
  });
}

TEST_F(CycleTest, TheSourceIsToldWhatIsKnownOfIt) {
  run([](CycleTest& t) -> async::Co<> {
    Process process(t.context, t.path());
    process.source.answer.workloads = {stopped("board")};
    process.source.answer.workloads[0].created_at = "today";
    process.source.answer.memory["seen"] = "yes";
    (void)co_await process.run();
    EXPECT_TRUE(process.source.asked.servers.empty());
    (void)co_await process.run();
    const sources::History& asked = process.source.asked;
    EXPECT_FALSE(asked.routes_only);
    EXPECT_EQ(asked.servers.size(), 1u);
    EXPECT_EQ(asked.servers.at(0).created_at, "today");
    EXPECT_EQ(asked.memory.at("seen"), "yes");
    co_await process.close();
  });
}

TEST_F(CycleTest, EmptyTwiceInARowHoldsOverARestart) {
  run([](CycleTest& t) -> async::Co<> {
    for (int i = 0; i < 3; ++i) {
      Process process(t.context, t.path());
      if (i == 0) process.source.answer.workloads = {stopped("board")};
      if (i > 0) process.source.answer.gone = {{"", "board", "404", {}}};
      (void)co_await process.run();
      EXPECT_EQ(process.catalog->read()->servers.size(), i < 2 ? 1u : 0u) << i;
      co_await process.close();
    }
  });
}

TEST_F(CycleTest, ASourceThatThrowsIsOnlyUnavailable) {
  run([](CycleTest& t) -> async::Co<> {
    Process process(t.context, t.path());
    process.source.answer.workloads = {stopped("board")};
    (void)co_await process.run();
    process.source.throws = true;
    const auto report = co_await process.run();
    EXPECT_EQ(report.sources.at(0).state, ObservationState::unavailable);
    EXPECT_EQ(report.sources.at(0).detail, "it threw: out of memory");
    EXPECT_EQ(process.catalog->read()->servers.size(), 1u);
    process.source.throws = false;
    EXPECT_EQ((co_await process.run()).sources.at(0).state, ObservationState::complete);
    co_await process.close();
  });
}

TEST_F(CycleTest, FollowerLearnsRoutesAndWritesNothing) {
  run([](CycleTest& t) -> async::Co<> {
    Process leader(t.context, t.path());
    leader.source.answer.workloads = {stopped("board")};
    (void)co_await leader.run();
    Process follower(t.context, t.path());
    follower.source.answer.workloads = {stopped("board"), stopped("files")};
    const auto report = co_await follower.run();
    EXPECT_TRUE(follower.source.asked.routes_only);
    EXPECT_EQ(report.catalog_version, 1);
    EXPECT_EQ(follower.directory.routes().size(), 1u);
    co_await follower.close();
    co_await leader.close();
  });
}

TEST_F(CycleTest, AnswerToAFollowerIsNotPlannedFromByALeader) {
  run([](CycleTest& t) -> async::Co<> {
    auto leader = std::make_unique<Process>(t.context, t.path());
    leader->source.answer.workloads = {stopped("board")};
    (void)co_await leader->run();
    Process follower(t.context, t.path());
    follower.source.leader_that_ends = &leader->cycle;
    follower.source.successor = follower.cycle.get();
    follower.source.answer.absence_is_proof = true;
    (void)co_await follower.run();
    EXPECT_TRUE(follower.source.took_over);
    EXPECT_TRUE(follower.source.asked.routes_only);
    EXPECT_EQ(follower.catalog->read()->servers.size(), 1u);
    co_await follower.close();
    co_await leader->close();
  });
}

TEST_F(CycleTest, ARegistrysTroubleHasABeginningOfItsOwn) {
  run([](CycleTest& t) -> async::Co<> {
    Process process(t.context, t.path());
    (void)co_await process.run();
    const auto state = [&] { return process.cycle->source_states().at(kToolhive); };
    const WallTime first = state().since;
    process.clock.advance(Millis(1'000));
    process.source.answer.registry_problem = "503";
    (void)co_await process.run();
    const WallTime broken = process.clock.wall_now();
    process.clock.advance(Millis(1'000));
    process.source.answer.registry_problem = "504";
    (void)co_await process.run();
    EXPECT_EQ(state().registry_problem, "504");
    EXPECT_EQ(state().registry_since, broken);
    EXPECT_EQ(state().since, first);
    co_await process.close();
  });
}

TEST_F(CycleTest, ChangedUpstreamUrlChangesTheConnection) {
  run([](CycleTest& t) -> async::Co<> {
    Process process(t.context, t.path());
    process.source.answer.workloads = {stopped("board")};
    process.source.answer.workloads[0].upstream_url = "https://one.test/mcp?key=secret";
    (void)co_await process.run();
    const catalog::Server before = process.catalog->read()->servers.begin()->second->server;
    process.source.answer.workloads[0].upstream_url = "https://two.test/mcp?key=secret";
    (void)co_await process.run();
    const catalog::Server after = process.catalog->read()->servers.begin()->second->server;
    EXPECT_NE(before.connection_hash, after.connection_hash);
    EXPECT_EQ(after.connection_hash.find("secret"), std::string::npos);
    co_await process.close();
  });
}

}  // namespace
}  // namespace mcpo::ingest
