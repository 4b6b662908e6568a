// Links and the registry that they lead to, from cycle to cycle.
#include "ingest/reconcile.h"

#include <gtest/gtest.h>

#include "ingest/scene_fake.h"

namespace mcpo::ingest {
namespace {

using catalog::Server;
using sources::ObservationState;

TEST(ReconcileLinks, KnownUrlIsLinkedWhateverTheName) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.seen.workloads = {a_remote("my-board", "https://mcp.monday.com/sse")};
  const Plan plan = scene.cycle();
  EXPECT_EQ(scene.server("my-board")->link,
            (catalog::Link{"monday", catalog::MatchRule::exact, {}}));
  EXPECT_EQ(plan.changes.upserts.size(), 1u);
}

TEST(ReconcileLinks, UnknownUrlIsACustomServer) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.seen.workloads = {a_remote("monday", "https://mine.test/mcp")};
  scene.cycle();
  EXPECT_EQ(scene.server("monday")->link, kNoLink);
}

TEST(ReconcileLinks, ContainerIsLinkedByItsImage) {
  ToolhiveScene scene;
  RegistryEntry entry = an_entry("fetch", "");
  entry.image = "ghcr.io/x/fetch:1";
  scene.has_registry({entry});
  sources::Workload container = a_workload("web");
  container.image = "ghcr.io/x/fetch:0.9";
  scene.seen.workloads = {container};
  scene.cycle();
  EXPECT_EQ(scene.server("web")->link.rule, catalog::MatchRule::version_differs);
}

TEST(ReconcileLinks, SeveralWorkloadsMayShareAUrl) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.seen.workloads = {a_remote("one", kMonday.url), a_remote("two", kMonday.url)};
  scene.cycle();
  EXPECT_EQ(scene.server("one")->link.registry_entry, "monday");
  EXPECT_EQ(scene.server("two")->link.registry_entry, "monday");
}

TEST(ReconcileLinks, ChangedUrlOfAWorkloadListsItAgain) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.seen.workloads = {a_remote("board", "https://mine.test/mcp")};
  scene.cycle();
  scene.lists_tools("board");
  scene.seen.workloads = {a_remote("board", kMonday.url)};
  const Plan plan = scene.cycle();
  EXPECT_EQ(scene.server("board")->link.registry_entry, "monday");
  ASSERT_EQ(plan.listings.size(), 1u);
  EXPECT_EQ(plan.listings[0].reason, "its connection changed");
}

TEST(ReconcileRegistry, EntryThatMovesMakesItsWorkloadsCustomInTheSameCycle) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  sources::Workload recorded = a_remote("recorded", kMonday.url);
  recorded.recorded_entry = "monday";
  scene.seen.workloads = {a_remote("plain", kMonday.url), recorded};
  scene.cycle();
  scene.reads_registry({an_entry("monday", "https://mcp.monday.com/mcp")});
  const Plan plan = scene.cycle();
  EXPECT_EQ(scene.server("plain")->link, kNoLink);
  EXPECT_EQ(scene.server("recorded")->link,
            (catalog::Link{"monday", catalog::MatchRule::recorded, {}}));
  EXPECT_EQ(change_of(plan, "plain")->reason, "registry entry monday (exact) -> none");
}

TEST(ReconcileRegistry, RemovedEntryLeavesItsWorkloadsRunningAsCustom) {
  ToolhiveScene scene;
  scene.has_registry({kMonday, an_entry("other", "https://other.test/mcp")});
  scene.seen.workloads = {a_remote("board", kMonday.url)};
  scene.cycle();
  scene.reads_registry({an_entry("other", "https://other.test/mcp")});
  const Plan plan = scene.cycle();
  EXPECT_EQ(scene.server("board")->link, kNoLink);
  EXPECT_TRUE(plan.changes.removals.empty());
  EXPECT_TRUE(plan.changes.tools.empty());
  EXPECT_EQ(plan.notes, std::vector<std::string>{"registry read: 1 entries"});
}

TEST(ReconcileRegistry, UnreadableRegistryKeepsEntriesAndLinks) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.seen.workloads = {a_remote("board", kMonday.url)};
  scene.cycle();
  scene.seen.registry_problem = "503 registry_unavailable";
  EXPECT_TRUE(scene.cycle().changes.empty());
  EXPECT_EQ(scene.server("board")->link.registry_entry, "monday");
}

TEST(ReconcileRegistry, SameRegistryAgainIsNoChange) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.reads_registry({kMonday});
  EXPECT_TRUE(scene.cycle().changes.empty());
}

TEST(ReconcileRegistry, EmptyRegistryMustBeSeenTwice) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.reads_registry({});
  scene.cycle();
  EXPECT_TRUE(scene.catalog.registries.contains(kToolhive));
  scene.cycle();
  EXPECT_FALSE(scene.catalog.registries.contains(kToolhive));
  EXPECT_TRUE(scene.catalog.memory.empty());
}

TEST(ReconcileRegistry, OneFullAnswerForgetsTheEmptyOne) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  for (int i = 0; i < 3; ++i) {
    scene.reads_registry({});
    scene.cycle();
    scene.reads_registry({kMonday});
    scene.cycle();
  }
  EXPECT_TRUE(scene.catalog.registries.contains(kToolhive));
  EXPECT_TRUE(scene.catalog.memory.empty());
}

TEST(ReconcileRegistry, IsReadAlsoWhenTheListFails) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.known("board").link = {"monday", catalog::MatchRule::exact, {"gone"}};
  scene.seen.state = ObservationState::unavailable;
  scene.reads_registry({an_entry("monday", "https://mcp.monday.com/mcp")});
  scene.cycle();
  EXPECT_EQ(scene.catalog.registries.at(kToolhive)->at("monday")->url,
            "https://mcp.monday.com/mcp");
  // Nothing is known of its URL: it keeps its link, and loses only names that are gone.
  EXPECT_EQ(scene.server("board")->link, (catalog::Link{"monday", catalog::MatchRule::exact, {}}));
}

}  // namespace
}  // namespace mcpo::ingest
