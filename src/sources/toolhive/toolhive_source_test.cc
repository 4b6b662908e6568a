#include "sources/toolhive/toolhive_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include "sources/loop_test_support.h"
#include "sources/toolhive/api_fake.h"

namespace mcpo::sources::toolhive {
namespace {

struct FinderFake final : Finder {
  async::Task<std::shared_ptr<Api>> find(async::Deadline) override {
    ++finds;
    news = false;
    if (api == nullptr) co_return fail(Errc::not_found, "ToolHive was not found");
    co_return api;
  }
  bool has_news() const override { return news; }
  std::string fixed_place() const override { return fixed; }

  std::shared_ptr<ApiFake> api = std::make_shared<ApiFake>();
  bool news = false;
  std::string fixed;
  int finds = 0;
};

class ToolHiveSourceTest : public LoopTest {
 public:
  ToolHiveSourceTest() {
    options.reading.hash_key = "key";
    options.request_timeout = Millis(5'000);
    options.reading.skipped = {"inspector"};
    restart();
  }
  // As after a restart of the process: what was found is forgotten, what is stored is not.
  void restart() {
    auto fresh = std::make_unique<FinderFake>();
    if (finder != nullptr) {
      fresh->api = finder->api;
      fresh->fixed = finder->fixed;
    }
    finder = fresh.get();
    source = std::make_unique<ToolHiveSource>(context.get_executor(), std::move(fresh), options,
                                              clock, *log);
  }
  ApiFake& api() { return *finder->api; }

  // One cycle; what the catalog would know after it is known before the next.
  Observation observe() {
    Observation out;
    auto body = [](ToolHiveSourceTest& t, Observation& seen) -> async::Co<> {
      seen = co_await t.source->observe(t.history, soon());
    };
    run(body(*this, out));
    learn(out);
    return out;
  }
  void know(const std::string& name, const std::string& created_at = "2026-11-23T14:23:08Z") {
    history.servers.push_back({"", name, created_at});
  }

  ManualClock clock;
  Logger* log = &Logger::none();
  ToolHiveSource::Options options;
  FinderFake* finder = nullptr;
  std::unique_ptr<ToolHiveSource> source;
  History history;

 private:
  void learn(const Observation& seen) {
    for (const auto& [key, value] : seen.memory) {
      if (value) history.memory[key] = *value;
      if (!value) history.memory.erase(key);
    }
    const auto knows = [&](const std::string& name) {
      return std::ranges::find(history.servers, name, &History::KnownServer::name) !=
             history.servers.end();
    };
    for (const Workload& workload : seen.workloads) {
      if (!knows(workload.name)) know(workload.name, workload.created_at);
    }
    for (const Unreadable& gone : seen.gone) {
      std::erase_if(history.servers, [&](const auto& s) { return s.name == gone.name; });
    }
  }
};

const Workload& workload(const Observation& seen, const std::string& name) {
  static const Workload kNone;
  const auto found = std::ranges::find(seen.workloads, name, &Workload::name);
  EXPECT_NE(found, seen.workloads.end()) << name;
  return found == seen.workloads.end() ? kNone : *found;
}

TEST_F(ToolHiveSourceTest, TellsWhatEachWorkloadIs) {
  api().add_remote("docs", "https://h.example/mcp/?key=v").group = "work";
  api().add_container("fetch", "ghcr.io/x/fetch:1").status = "";
  api().add_container("local", "toolhivelocal/npx-p:20260101").transport = "carrier-pigeon";
  api().exports["local"] = {.registry_server_name = "", .image = "npx://p@1"};
  api().exports["docs"] = {.registry_server_name = "io.github.x/docs", .image = ""};
  const Observation seen = observe();
  EXPECT_EQ(seen.origin, (SourceInstance{"toolhive", "default"}));
  EXPECT_EQ(seen.state, ObservationState::complete);
  EXPECT_FALSE(seen.absence_is_proof);
  const Workload& docs = workload(seen, "docs");
  EXPECT_EQ(docs.identity, "https://h.example/mcp?key=***");
  EXPECT_EQ(docs.upstream_url, "https://h.example/mcp/?key=v");
  EXPECT_EQ(docs.recorded_entry, "io.github.x/docs");
  EXPECT_EQ(docs.group, "work");
  EXPECT_EQ(docs.image, "");
  const Workload& fetch = workload(seen, "fetch");
  EXPECT_EQ(fetch.identity, "ghcr.io/x/fetch:1");
  EXPECT_EQ(fetch.status, "unknown");
  EXPECT_EQ(fetch.upstream_url, "");
  EXPECT_EQ(workload(seen, "local").image, "npx://p@1");
  EXPECT_EQ(workload(seen, "local").transport, "carrier-pigeon");
}

TEST_F(ToolHiveSourceTest, ConnectsToTheProxyOfTheList) {
  ListedWorkload& sse = api().add_remote("s", "https://h.example/");
  sse.url = "http://127.0.0.1:20003/sse#s";
  sse.transport = "sse";
  api().add_remote("none", "https://h.example/x").url = "";
  api().add_remote("odd", "https://h.example/y").url = "not a url";
  const Observation seen = observe();
  const auto spec = std::get<mcp::HttpSpec>(workload(seen, "s").spec.value());
  EXPECT_EQ(spec.url.str(), "http://127.0.0.1:20003/sse");
  EXPECT_EQ(spec.kind, mcp::HttpKind::sse);
  EXPECT_TRUE(spec.headers.empty());
  EXPECT_EQ(workload(seen, "s").url, "http://127.0.0.1:20003/sse");
  EXPECT_FALSE(workload(seen, "none").spec);
  EXPECT_FALSE(workload(seen, "odd").spec);
  EXPECT_TRUE(has(workload(seen, "odd").problem, "its address cannot be used"));
}

TEST_F(ToolHiveSourceTest, AnUnchangedCycleIsOneListAndTheDetails) {
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    api().add_remote("r" + n, "https://h.example/" + n);
    api().add_container("c" + n, "ghcr.io/x/y:" + n);
  }
  (void)observe();
  EXPECT_EQ(api().count("export"), 40u);
  api().calls.clear();
  const Observation again = observe();
  EXPECT_EQ(api().calls.size(), 21u);
  EXPECT_EQ(api().count("details"), 20u);
  EXPECT_TRUE(again.memory.empty());
  restart();
  api().calls.clear();
  (void)observe();
  EXPECT_EQ(api().count("export"), 0u);
}

TEST_F(ToolHiveSourceTest, AnExportIsReadAgainWhenItsWorkloadIsAnother) {
  ListedWorkload& item = api().add_remote("r", "https://h.example/1");
  (void)observe();
  api().details["r"].url = "https://h.example/2";
  (void)observe();
  EXPECT_EQ(api().count("export"), 2u);
  item.created_at = "2026-12-01T00:00:00Z";
  (void)observe();
  EXPECT_EQ(api().count("export"), 3u);
  (void)observe();
  EXPECT_EQ(api().count("export"), 3u);
}

TEST_F(ToolHiveSourceTest, WhatIsNotListedIsAskedForByName) {
  api().add_container("stays", "ghcr.io/x/y:1");
  for (const std::string name : {"gone", "there", "silent"}) know(name);
  api().statuses["there"] = "running";
  api().faults["status silent"] = {Errc::timeout, "status of silent: no answer in time"};
  history.memory["export:gone"] = "x";
  const Observation seen = observe();
  ASSERT_EQ(seen.gone.size(), 1u);
  EXPECT_EQ(seen.gone[0].name, "gone");
  EXPECT_FALSE(history.memory.contains("export:gone"));
  EXPECT_EQ(seen.state, ObservationState::partial);
  ASSERT_EQ(seen.unreadable.size(), 2u);
  for (const Unreadable& item : seen.unreadable) {
    EXPECT_TRUE(item.reason.starts_with("not listed, ")) << item.reason;
    EXPECT_FALSE(item.listed);
  }
}

TEST_F(ToolHiveSourceTest, TheReportOfACycleNamesNoWorkload) {
  for (const std::string name : {"hidden", "H", "seen"}) {
    api().add_remote(name, "https://h.example/" + name);
  }
  const Error error{Errc::unavailable, "details of hidden: HTTP status 500"};
  api().faults["details hidden"] = error;
  EXPECT_EQ(observe().detail, "1 of 3 workloads could not be read: HTTP status 500");
  api().faults["details H"] = {Errc::unavailable, "details of H: HTTP status 500"};
  EXPECT_EQ(observe().detail, "2 of 3 workloads could not be read: HTTP status 500");
  api().faults["details H"] = {Errc::timeout, "details of H: no answer in time"};
  EXPECT_EQ(observe().detail,
            "2 of 3 workloads could not be read: HTTP status 500, and other causes");
}

TEST_F(ToolHiveSourceTest, AHalfLoadedWorkloadIsThereAllTheSame) {
  api().add_container("bare", "");
  api().add_container("recorded", "");
  api().exports["recorded"] = {.registry_server_name = "", .image = "ghcr.io/x/y:1"};
  api().add_remote("r", "https://h.example/").package = "remote (data failed to load)";
  for (int cycle = 0; cycle < 2; ++cycle) {
    const Observation seen = observe();
    EXPECT_EQ(seen.state, ObservationState::complete) << seen.detail;
    EXPECT_EQ(workload(seen, "bare").identity, "");
    EXPECT_EQ(workload(seen, "bare").problem, "the list names no image for it");
    EXPECT_TRUE(workload(seen, "bare").spec);
    EXPECT_EQ(workload(seen, "recorded").identity, "ghcr.io/x/y:1");
    EXPECT_EQ(workload(seen, "r").identity, "https://h.example/");
    EXPECT_TRUE(has(workload(seen, "r").problem, "data failed to load"));
  }
}

TEST_F(ToolHiveSourceTest, ASuddenlyEmptyListMustBeSeenTwice) {
  know("a");
  Observation seen = observe();
  EXPECT_EQ(seen.state, ObservationState::complete);
  EXPECT_TRUE(seen.workloads.empty() && seen.gone.empty() && seen.unreadable.empty());
  EXPECT_EQ(api().count("status"), 0u);
  history.memory[kEmptyListing] = "1";  // as the plan remembers it
  seen = observe();
  EXPECT_EQ(seen.gone.size(), 1u);
}

TEST_F(ToolHiveSourceTest, ItemsWithoutANameMakeItPartial) {
  api().list.push_back({.problem = "an item of the list has no name"});
  know("a");
  api().statuses["a"] = "running";
  const Observation seen = observe();
  EXPECT_EQ(seen.state, ObservationState::partial);
  EXPECT_EQ(api().count("status"), 1u);
}

TEST_F(ToolHiveSourceTest, LeavesOutTheSkippedAndItself) {
  options.reading.is_ourselves = [](const mcp::ConnectionSpec& spec) -> std::optional<std::string> {
    const auto& url = std::get<mcp::HttpSpec>(spec).url;
    if (url.port == 9900) return "this is the optimizer itself";
    return std::nullopt;
  };
  restart();
  api().add_container("inspector", "x");
  api().add_container("my-inspector-tool", "x");
  api().add_remote("loop", "http://127.0.0.1:9900/mcp");
  api().add_container("proxy", "x").url = "http://127.0.0.1:9900/mcp";
  const Observation seen = observe();
  ASSERT_EQ(seen.workloads.size(), 1u);
  EXPECT_EQ(seen.workloads[0].name, "my-inspector-tool");
  EXPECT_EQ(seen.left_out.size(), 3u);
  EXPECT_EQ(seen.state, ObservationState::complete);
}

TEST_F(ToolHiveSourceTest, AFollowerOnlyWantsRoutes) {
  api().add_remote("r", "https://h.example/");
  api().add_container("c", "");
  know("old");
  history.routes_only = true;
  const Observation seen = observe();
  EXPECT_EQ(api().calls, std::vector<std::string>{"list"});
  EXPECT_EQ(seen.workloads.size(), 2u);
  EXPECT_TRUE(seen.memory.empty());
}

TEST_F(ToolHiveSourceTest, WhatHangsDelaysNoOther) {
  options.request_timeout = Millis(200);
  restart();
  for (int i = 0; i < 100; ++i) {
    const std::string name = "r" + std::to_string(i);
    api().add_remote(name, "https://h.example/" + name);
    if (i < 20) api().hangs.insert("details " + name);
  }
  Observation seen = observe();
  EXPECT_EQ(seen.workloads.size(), 80u);
  EXPECT_EQ(seen.unreadable.size(), 20u);
  EXPECT_EQ(seen.state, ObservationState::partial);
  // They are asked last from now on.
  api().calls.clear();
  (void)observe();
  EXPECT_EQ(api().calls.at(1), "details r20");
}

TEST_F(ToolHiveSourceTest, AnUnreadableWorkloadIsReachableWhereItWasOnlyIfItIsTheSame) {
  api().add_remote("same", "https://h.example/1");
  api().add_remote("other", "https://h.example/2").created_at = "2026-12-01T00:00:00Z";
  know("same");
  know("other");
  for (const std::string name : {"same", "other"}) {
    api().faults["details " + name] = {Errc::unavailable, "HTTP status 500"};
  }
  const Observation seen = observe();
  ASSERT_EQ(seen.unreadable.size(), 2u);
  EXPECT_TRUE(seen.unreadable[0].listed->spec);
  EXPECT_FALSE(seen.unreadable[1].listed->spec);
  EXPECT_EQ(seen.unreadable[1].listed->status, "running");
}

// Each read, each way to fail: what the failure must not touch stays as it is.
class FaultTest : public ToolHiveSourceTest {
 public:
  struct Fault {
    std::string name;
    std::optional<Error> error;  // absent: hangs
  };
  const std::vector<Fault> faults{{"500", Error{Errc::unavailable, "HTTP status 500"}},
                                  {"refused", Error{Errc::unavailable, "connection refused"}},
                                  {"closed", Error{Errc::unavailable, "the connection was lost"}},
                                  {"401", Error{Errc::denied, "HTTP status 401"}},
                                  {"HTML", Error{Errc::corrupt, "a web page"}},
                                  {"truncated", Error{Errc::corrupt, "not JSON"}},
                                  {"wrong shape", Error{Errc::corrupt, "has no such thing"}},
                                  {"too large", Error{Errc::too_large, "larger than 1"}},
                                  {"hangs", std::nullopt}};

  // One cycle in which `call` fails so, in a world of two remotes, a container and two that left.
  Observation with(const std::string& call, const Fault& fault) {
    options.request_timeout = Millis(fault.error ? 5'000 : 30);
    finder->api = std::make_shared<ApiFake>();
    history = {};
    restart();
    api().add_remote("a", "https://h.example/a");
    api().add_remote("b", "https://h.example/b");
    api().add_container("c", "ghcr.io/x/c:1");
    for (const std::string name : {"a", "b", "c", "left", "left too"}) know(name);
    if (fault.error) api().faults[call] = *fault.error;
    if (!fault.error) api().hangs.insert(call);
    Observation out;
    auto body = [](ToolHiveSourceTest& t, Observation& seen, Millis time) -> async::Co<> {
      seen = co_await t.source->observe(t.history, async::Deadline::in(time));
    };
    run(body(*this, out, Millis(fault.error ? 5'000 : 60)));
    return out;
  }
};

TEST_F(FaultTest, AListThatFailsTeachesNothing) {
  for (const Fault& fault : faults) {
    const Observation seen = with("list", fault);
    EXPECT_EQ(seen.state, ObservationState::unavailable) << fault.name;
    EXPECT_FALSE(seen.detail.empty()) << fault.name;
    EXPECT_TRUE(seen.workloads.empty() && seen.gone.empty() && seen.memory.empty()) << fault.name;
  }
}

TEST_F(FaultTest, DetailsThatFailConcernTheirWorkloadOnly) {
  std::vector<Fault> all = faults;
  all.push_back({"404", Error{Errc::not_found, "HTTP status 404"}});
  for (const Fault& fault : all) {
    const Observation seen = with("details a", fault);
    EXPECT_EQ(seen.state, ObservationState::partial) << fault.name;
    EXPECT_EQ(seen.workloads.size(), 2u) << fault.name;
    ASSERT_EQ(seen.unreadable.size(), 1u) << fault.name;
    EXPECT_EQ(seen.unreadable[0].name, "a") << fault.name;
    EXPECT_TRUE(seen.unreadable[0].listed.has_value()) << fault.name;
    EXPECT_EQ(seen.gone.size(), 2u) << fault.name;
    EXPECT_TRUE(seen.registry.has_value()) << fault.name;
  }
}

TEST_F(FaultTest, ExportsThatFailAreAskedAgain) {
  for (const std::string call : {"export a", "export c"}) {
    for (const Fault& fault : faults) {
      const Observation seen = with(call, fault);
      EXPECT_EQ(seen.state, ObservationState::complete) << fault.name;
      EXPECT_EQ(seen.workloads.size(), 3u) << fault.name;
      EXPECT_FALSE(seen.memory.contains("export:" + call.substr(7))) << fault.name;
    }
  }
}

TEST_F(FaultTest, AStatusThatFailsProvesNothing) {
  for (const Fault& fault : faults) {
    const Observation seen = with("status left", fault);
    EXPECT_EQ(seen.state, ObservationState::partial) << fault.name;
    ASSERT_EQ(seen.gone.size(), 1u) << fault.name;
    EXPECT_EQ(seen.gone[0].name, "left too") << fault.name;
    EXPECT_EQ(seen.workloads.size(), 3u) << fault.name;
  }
}

TEST_F(FaultTest, ARegistryThatFailsConcernsNoWorkload) {
  for (const std::string call : {"registry info", "registry whole"}) {
    for (const Fault& fault : faults) {
      const Observation seen = with(call, fault);
      EXPECT_EQ(seen.state, ObservationState::complete) << call << fault.name;
      EXPECT_EQ(seen.workloads.size(), 3u) << call << fault.name;
      const bool is_corrupt = fault.error && fault.error->code == Errc::corrupt;
      if (call == "registry whole" && is_corrupt) continue;  // the other shape is asked for
      EXPECT_FALSE(seen.registry) << call << fault.name;
      EXPECT_FALSE(seen.registry_problem.empty()) << call << fault.name;
      EXPECT_FALSE(seen.memory.contains("registry.last_updated")) << call << fault.name;
    }
  }
}

TEST_F(ToolHiveSourceTest, TheRegistryIsReadWhenItsDateMoved) {
  Observation seen = observe();
  ASSERT_TRUE(seen.registry);
  EXPECT_EQ(seen.registry->last_updated, "2026-08-24");
  EXPECT_EQ(seen.registry->entries.size(), 1u);
  (void)observe();
  EXPECT_EQ(api().count("registry"), 2u);  // its date and the whole, once
  clock.advance(options.registry_check);
  EXPECT_FALSE(observe().registry);
  EXPECT_EQ(api().count("registry whole"), 1u);
  api().registry_info.last_updated = "2026-09-01";
  clock.advance(options.registry_check);
  EXPECT_TRUE(observe().registry);
  source->refresh_registry();
  EXPECT_TRUE(observe().registry);
  restart();
  EXPECT_FALSE(observe().registry);
}

TEST_F(ToolHiveSourceTest, TheOtherShapeIsAskedForOnlyIfNeeded) {
  api().faults["registry whole"] = {Errc::not_found, "registry: HTTP status 404"};
  api().registry_v01 = R"({"servers":[{"name":"x","remotes":[{"url":"https://h/"}]}]})";
  EXPECT_TRUE(observe().registry);
  EXPECT_EQ(api().count("registry v0.1"), 1u);
}

TEST_F(ToolHiveSourceTest, OnePageOfSeveralIsNoRegistry) {
  api().faults["registry whole"] = {Errc::not_found, "registry: HTTP status 404"};
  api().registry_v01 =
      R"({"servers":[{"name":"x","remotes":[{"url":"https://h/"}]}],"metadata":{"total":2}})";
  const Observation seen = observe();
  EXPECT_FALSE(seen.registry);
  EXPECT_TRUE(has(seen.registry_problem, "of which one page shows only 1"));
}

TEST_F(ToolHiveSourceTest, AnEmptyRegistryMustBeSeenTwice) {
  api().registry = R"({"servers":{}})";
  Observation seen = observe();
  EXPECT_FALSE(seen.registry);
  EXPECT_TRUE(has(seen.registry_problem, "suddenly empty")) << seen.registry_problem;
  seen = observe();
  EXPECT_TRUE(seen.registry && seen.registry->entries.empty());
  EXPECT_EQ(seen.registry_problem, "");
}

TEST_F(ToolHiveSourceTest, ARegistryProblemIsToldUntilItIsOver) {
  api().faults["registry info"] = {Errc::denied, "run `thv registry login`"};
  EXPECT_EQ(observe().registry_problem, "run `thv registry login`");
  api().faults.clear();
  EXPECT_EQ(observe().registry_problem, "");
}

TEST_F(ToolHiveSourceTest, WithoutToolHiveNothingIsAskedUntilTheNextLook) {
  std::shared_ptr<ApiFake> later = std::exchange(finder->api, nullptr);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(observe().detail, "ToolHive was not found");
  EXPECT_EQ(finder->finds, 1);
  clock.advance(Millis(1'000));
  (void)observe();
  EXPECT_EQ(finder->finds, 2);
  clock.advance(Millis(1'000));
  (void)observe();
  EXPECT_EQ(finder->finds, 2);  // the pause has doubled
  finder->api = later;
  finder->news = true;  // its discovery file came into being
  EXPECT_EQ(observe().state, ObservationState::complete);
  EXPECT_EQ(source->current_api(), later);
}

TEST_F(ToolHiveSourceTest, IsFoundAgainWhereItMoved) {
  api().add_container("c", "ghcr.io/x/c:1");
  (void)observe();
  const std::shared_ptr<ApiFake> before = finder->api;
  auto after = std::make_shared<ApiFake>("http://elsewhere");
  after->list = before->list;
  before->faults["list"] = {Errc::unavailable, "connection refused"};
  finder->api = after;
  const Observation seen = observe();
  EXPECT_EQ(seen.state, ObservationState::complete);
  EXPECT_EQ(seen.workloads.size(), 1u);
  EXPECT_EQ(source->current_api(), after);
}

TEST_F(ToolHiveSourceTest, ANewDiscoveryFileIsFollowedWhileTheOldOneStillAnswers) {
  (void)observe();
  const std::shared_ptr<ApiFake> before = finder->api;
  finder->api = std::make_shared<ApiFake>("http://elsewhere");
  finder->news = true;
  (void)observe();
  EXPECT_EQ(source->current_api(), finder->api);
  // A file that leads nowhere is no reason to leave a ToolHive that answers.
  const std::shared_ptr<ApiFake> good = std::exchange(finder->api, nullptr);
  finder->news = true;
  EXPECT_EQ(observe().state, ObservationState::complete);
  EXPECT_EQ(source->current_api(), good);
}

TEST_F(ToolHiveSourceTest, AGivenPlaceIsItsNameAndTheOnlyOneAsked) {
  finder->fixed = "http://127.0.0.1:18080";
  restart();
  EXPECT_EQ(source->origin(), (SourceInstance{"toolhive", "http://127.0.0.1:18080"}));
  api().faults["list"] = {Errc::unavailable, "connection refused"};
  EXPECT_EQ(observe().detail, "connection refused");
  EXPECT_EQ(observe().detail, "connection refused");
  EXPECT_EQ(finder->finds, 1);
  api().faults.clear();
  EXPECT_EQ(observe().state, ObservationState::complete);
}

TEST_F(ToolHiveSourceTest, ARefusedTokenIsReadAgainInTheSameCycle) {
  for (const std::string place : {"http://127.0.0.1:18080", ""}) {
    finder->fixed = place;
    finder->api = std::make_shared<ApiFake>();
    restart();
    EXPECT_EQ(observe().state, ObservationState::complete);
    const std::shared_ptr<ApiFake> old_token = finder->api;
    old_token->faults["list"] = {Errc::denied, "ToolHive refuses (401)"};
    finder->api = std::make_shared<ApiFake>();
    EXPECT_EQ(observe().state, ObservationState::complete) << place;
    EXPECT_EQ(source->current_api(), finder->api);
    EXPECT_EQ(source->trouble(), "");
  }
}

TEST_F(ToolHiveSourceTest, ATokenThatIsRefusedAgainIsTold) {
  finder->fixed = "http://127.0.0.1:18080";
  restart();
  api().faults["list"] = {Errc::denied, "ToolHive refuses (401)"};
  EXPECT_EQ(observe().detail, "ToolHive refuses (401)");
  EXPECT_EQ(source->trouble(), "ToolHive refuses (401)");
  EXPECT_EQ(api().count("list"), 2u);
}

TEST_F(ToolHiveSourceTest, ALostOneIsLookedForWithoutWaitingForThePoll) {
  options.initial_backoff = Millis(1);
  restart();
  (void)observe();
  api().faults["list"] = {Errc::unavailable, "connection refused"};
  int triggers = 0;
  auto body = [](ToolHiveSourceTest& t, int& count) -> async::Co<> {
    (void)co_await t.source->observe(t.history, soon());
    const auto ended = co_await async::with_deadline(t.source->watch([&] {
      ++count;
      t.clock.advance(Millis(10));
    }),
                                                     async::Deadline::in(Millis(100)), "watch");
    EXPECT_EQ(ended.error().code, Errc::timeout);
  };
  run(body(*this, triggers));
  EXPECT_EQ(triggers, 1);
}

TEST_F(ToolHiveSourceTest, WhatIsNotLostIsNotLookedForInBetween) {
  clock.advance(Millis(1));
  int triggers = 0;
  auto body = [](ToolHiveSourceTest& t, int& count) -> async::Co<> {
    const auto ended = co_await async::with_deadline(t.source->watch([&] { ++count; }),
                                                     async::Deadline::in(Millis(30)), "watch");
    EXPECT_EQ(ended.error().code, Errc::timeout);
  };
  run(body(*this, triggers));
  EXPECT_EQ(triggers, 0);
}

TEST_F(ToolHiveSourceTest, CancellationTeachesNothing) {
  for (int i = 0; i < 40; ++i) {
    const std::string name = "r" + std::to_string(i);
    api().add_remote(name, "https://h.example/" + name);
    if (i >= 16) api().hangs.insert("details " + name);
  }
  Observation seen{.state = ObservationState::complete};
  auto body = [](ToolHiveSourceTest& t, Observation& out) -> async::Co<> {
    boost::asio::cancellation_signal cancel;
    bool ended = false;
    auto cycle = [](ToolHiveSourceTest& test, Observation& to) -> async::Co<> {
      to = co_await test.source->observe(test.history, soon());
    };
    boost::asio::co_spawn(t.context, cycle(t, out),
                          boost::asio::bind_cancellation_slot(
                              cancel.slot(), [&](std::exception_ptr) { ended = true; }));
    while (t.api().count("details r20") == 0) {
      co_await boost::asio::post(boost::asio::use_awaitable);
    }
    cancel.emit(boost::asio::cancellation_type::all);
    while (!ended) co_await boost::asio::post(boost::asio::use_awaitable);
  };
  run(body(*this, seen));
  EXPECT_EQ(seen.state, ObservationState::unavailable);
  EXPECT_TRUE(seen.workloads.empty() && seen.memory.empty());
}

// Everything that may be shown, stored or logged.
std::string all_text(const Observation& seen) {
  std::string out = seen.detail + seen.registry_problem + seen.warning.value_or("");
  const auto add = [&](const Workload& w) {
    for (const std::string* text : {&w.name, &w.group, &w.status, &w.transport, &w.url, &w.identity,
                                    &w.created_at, &w.problem}) {
      out += *text + "\n";
    }
  };
  for (const Workload& w : seen.workloads) add(w);
  for (const auto* list : {&seen.unreadable, &seen.left_out, &seen.gone}) {
    for (const Unreadable& item : *list) {
      out += item.name + item.reason + "\n";
      if (item.listed) add(*item.listed);
    }
  }
  for (const auto& [key, value] : seen.memory) out += key + value.value_or("") + "\n";
  return out;
}

TEST_F(ToolHiveSourceTest, SecretsOfUrlsGoNowhere) {
  TempFolder folder;
  const int fd = open((folder.path + "/log").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  Logger logger({.level = LogLevel::debug, .fd = fd});
  log = &logger;
  restart();
  const std::string secret = "pLanTeD";
  api().add_remote("a", "https://u:" + secret + "@h.example/mcp?api_key=" + secret + "#" + secret);
  api().add_remote("b", "no url " + secret);
  api().add_remote("c", "https://h.example/?" + secret).url = "http://x:pLanTeD@127.0.0.1/?pLanTeD";
  api().add_remote("d", "https://h.example").url = "http://pLanTeD:pLanTeD:1/";
  api().add_remote("e", "https://e.example?k=" + secret).status = "odd";
  api().faults["details e"] = {Errc::timeout, "details of e: no answer in time"};
  std::string seen = all_text(observe());
  api().faults["list"] = {Errc::unavailable, "connection refused"};
  seen += all_text(observe());
  const auto end = lseek(fd, 0, SEEK_END);
  std::string logged(static_cast<std::size_t>(end), '\0');
  ASSERT_EQ(pread(fd, logged.data(), logged.size(), 0), end);
  EXPECT_TRUE(has(logged, "a status that we do not know")) << logged;
  EXPECT_FALSE(has(seen, secret)) << seen;
  EXPECT_FALSE(has(logged, secret)) << logged;
  EXPECT_TRUE(has(seen, "https://h.example/mcp?api_key=***")) << seen;
  close(fd);
}

}  // namespace
}  // namespace mcpo::sources::toolhive
