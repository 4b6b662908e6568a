#include "sources/toolhive/registry_reading.h"

#include "sources/toolhive/toolhive_source_test_support.h"

namespace mcpo::sources::toolhive {
namespace {

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
  restart();
  EXPECT_FALSE(observe().registry);
}

TEST_F(ToolHiveSourceTest, ARegistryThatTheCatalogDidNotTakeIsReadAgain) {
  EXPECT_TRUE(observe().registry);
  history.memory.erase("registry.last_updated");  // nothing of that cycle could be written
  EXPECT_TRUE(observe().registry);
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

TEST_F(ToolHiveSourceTest, ARegistryThatNeverHadEntriesIsBelievedAtOnce) {
  api().registry = R"({"servers":{}})";
  for (const char* date : {"2026-08-24", "2026-08-25", ""}) {
    api().registry_info.last_updated = date;
    restart();
    const Observation seen = observe();
    EXPECT_EQ(seen.state, ObservationState::complete);
    EXPECT_EQ(seen.registry_problem, "") << date;
    EXPECT_TRUE(seen.registry && seen.registry->entries.empty()) << date;
  }
  // Its first entry is seen, whatever its date.
  api().registry = ApiFake().registry;
  restart();
  EXPECT_FALSE(observe().registry.value().entries.empty());
}

TEST_F(ToolHiveSourceTest, ASuddenlyEmptyRegistryMustBeSeenTwice) {
  (void)observe();
  api().registry = R"({"servers":{}})";
  api().registry_info.last_updated = "2026-08-25";
  restart();
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

}  // namespace
}  // namespace mcpo::sources::toolhive
