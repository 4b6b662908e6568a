#include "sources/toolhive/toolhive_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include "sources/toolhive/toolhive_source_test_support.h"

namespace mcpo::sources::toolhive {
namespace {

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

TEST_F(ToolHiveSourceTest, ServersOfAnotherMachineAreReachedThere) {
  options.reading.proxy_host = "host.docker.internal";
  restart();
  api().add_remote("docs", "http://localhost:9001/mcp");
  api().add_remote("lan", "https://h.example/x").url = "http://10.0.0.7:20001/mcp";
  const Observation seen = observe();
  const auto spec = std::get<mcp::HttpSpec>(workload(seen, "docs").spec.value());
  EXPECT_EQ(spec.url.str(), "http://host.docker.internal:20001/mcp");
  EXPECT_EQ(workload(seen, "docs").url, "http://host.docker.internal:20001/mcp");
  EXPECT_EQ(workload(seen, "docs").upstream_url, "http://localhost:9001/mcp");
  EXPECT_EQ(workload(seen, "lan").url, "http://10.0.0.7:20001/mcp");
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
    EXPECT_TRUE(has(workload(seen, "bare").problem, "names its image"));
    EXPECT_TRUE(workload(seen, "bare").spec);
    EXPECT_EQ(workload(seen, "recorded").identity, "ghcr.io/x/y:1");
    EXPECT_EQ(workload(seen, "recorded").problem, "");
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
  options.request_timeout = Millis(1'000);
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

TEST_F(ToolHiveSourceTest, WhoeverHadNoTurnIsAskedFirstTheNextTime) {
  options.request_timeout = Millis(500);
  options.max_parallel = 2;
  restart();
  for (int i = 0; i < 8; ++i) {
    const std::string name = "r" + std::to_string(i);
    api().add_remote(name, "https://h.example/" + name);
    if (i < 7) api().hangs.insert("details " + name);
  }
  EXPECT_EQ(observe().workloads.size(), 0u);
  for (int cycle = 0; cycle < 2; ++cycle) {
    const Observation seen = observe();
    ASSERT_EQ(seen.workloads.size(), 1u);
    EXPECT_EQ(seen.workloads[0].name, "r7");
  }
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
  EXPECT_TRUE(has(logged, "ToolHive cannot be asked")) << logged;
  EXPECT_FALSE(has(seen, secret)) << seen;
  EXPECT_FALSE(has(logged, secret)) << logged;
  EXPECT_TRUE(has(seen, "https://h.example/mcp?api_key=***")) << seen;
  close(fd);
}

}  // namespace
}  // namespace mcpo::sources::toolhive
