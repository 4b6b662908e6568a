// What goes wrong at ToolHive, and what must not be touched by it.
#include "sources/toolhive/toolhive_source_test_support.h"

namespace mcpo::sources::toolhive {
namespace {

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
    options.request_timeout = Millis(fault.error ? 60'000 : 500);
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
    run(body(*this, out, Millis(fault.error ? 60'000 : 1'000)));
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

}  // namespace
}  // namespace mcpo::sources::toolhive
