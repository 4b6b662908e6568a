// Details that cannot be read, absence that is not proven, lists that are suddenly empty.
#include "ingest/reconcile.h"

#include <gtest/gtest.h>

#include "ingest/scene_fake.h"

namespace mcpo::ingest {
namespace {

using catalog::Server;
using sources::ObservationState;

sources::Unreadable unreadable(const std::string& name, const std::string& reason) {
  return {"", name, reason, {}};
}

TEST(ReconcileUnreadable, ListedFactsAreTakenAndTheRestStays) {
  ToolhiveScene scene;
  scene.has_registry({kMonday});
  scene.seen.workloads = {a_remote("board", kMonday.url)};
  scene.cycle();
  sources::Workload listed = a_workload("board");
  listed.status = "stopped";
  listed.group = "work";
  scene.seen.workloads = {};
  scene.seen.unreadable = {unreadable("board", "details: 500")};
  scene.seen.unreadable[0].listed = listed;
  scene.cycle();
  const Server& after = *scene.server("board");
  EXPECT_EQ(after.status, "stopped");
  EXPECT_EQ(after.group, "work");
  EXPECT_EQ(after.identity, kMonday.url);
  EXPECT_EQ(after.link.registry_entry, "monday");
  EXPECT_EQ(after.stale.reason, "details: 500");
  EXPECT_TRUE(scene.cycle().changes.empty());
}

TEST(ReconcileUnreadable, CreatedAnewWaitsForItsDetails) {
  ToolhiveScene scene;
  scene.known("board");
  sources::Workload anew = a_workload("board");
  anew.created_at = "today";
  scene.seen.unreadable = {unreadable("board", "details: time-out")};
  scene.seen.unreadable[0].listed = anew;
  EXPECT_TRUE(scene.cycle().listings.empty());
  EXPECT_EQ(scene.server("board")->created_at, "");
  scene.seen.unreadable = {};
  scene.seen.workloads = {anew};
  const Plan plan = scene.cycle();
  EXPECT_EQ(scene.server("board")->created_at, "today");
  ASSERT_EQ(plan.listings.size(), 1u);
  EXPECT_EQ(plan.listings[0].reason, "it was created anew");
}

TEST(ReconcileUnreadable, ReadableAgainWithTheSameFactsIsNotListedAgain) {
  ToolhiveScene scene;
  const sources::Workload board = a_remote("board", kMonday.url);
  scene.seen.workloads = {board};
  scene.cycle();
  scene.lists_tools("board");
  scene.seen.workloads = {};
  scene.seen.unreadable = {unreadable("board", "details: 500")};
  scene.seen.unreadable[0].listed = board;
  EXPECT_TRUE(scene.cycle().listings.empty());
  scene.seen.workloads = {board};
  scene.seen.unreadable = {};
  EXPECT_TRUE(scene.cycle().listings.empty());
  EXPECT_FALSE(scene.server("board")->stale);
}

TEST(ReconcileUnreadable, StaleServerBecomesCustomWhenItsEntryGoes) {
  ToolhiveScene scene;
  scene.has_registry({kMonday, an_entry("other", "https://other.test/mcp")});
  scene.known("board").link = {"monday", catalog::MatchRule::exact, {}};
  scene.seen.unreadable = {unreadable("board", "details: 500")};
  scene.reads_registry({an_entry("other", "https://other.test/mcp")});
  scene.cycle();
  EXPECT_EQ(scene.server("board")->link, kNoLink);
}

TEST(ReconcileGone, ProvenByNameIsRemoved) {
  ToolhiveScene scene;
  scene.known("board");
  scene.known("files");
  scene.seen.workloads = {a_workload("files")};
  scene.seen.gone = {unreadable("board", "not listed, and unknown by name (404)")};
  const Plan plan = scene.cycle();
  EXPECT_EQ(scene.server("board"), nullptr);
  EXPECT_NE(scene.server("files"), nullptr);
  EXPECT_EQ(change_of(plan, "board")->reason, "not listed, and unknown by name (404)");
}

TEST(ReconcileGone, AnotherServersUnreadableDetailsDoNotHideTheProof) {
  ToolhiveScene scene;
  scene.known("board");
  scene.known("files");
  scene.seen.state = ObservationState::partial;
  scene.seen.unreadable = {unreadable("files", "details: 500")};
  scene.seen.unreadable[0].listed = a_workload("files");
  scene.seen.gone = {unreadable("board", "404")};
  scene.cycle();
  EXPECT_EQ(scene.server("board"), nullptr);
}

TEST(ReconcileGone, IsNoProofFromASourceThatWasNotRead) {
  ToolhiveScene scene;
  scene.known("board");
  scene.seen.state = ObservationState::unavailable;
  scene.seen.gone = {unreadable("board", "404")};
  scene.cycle();
  EXPECT_NE(scene.server("board"), nullptr);
}

TEST(ReconcileGone, NotListedAndNotProvenStays) {
  ToolhiveScene scene;
  scene.known("board");
  scene.known("files");
  scene.seen.workloads = {a_workload("files")};
  scene.seen.unreadable = {unreadable("board", "not listed, but known by name")};
  scene.cycle();
  EXPECT_EQ(scene.server("board")->stale.reason, "not listed, but known by name");
}

TEST(ReconcileEmpty, ProofCountsWhenNothingWasListedTwiceInARow) {
  ToolhiveScene scene;
  scene.known("board");
  scene.seen.gone = {unreadable("board", "404")};
  scene.cycle();
  ASSERT_NE(scene.server("board"), nullptr);
  EXPECT_TRUE(scene.server("board")->stale);
  EXPECT_EQ(scene.catalog.memory.at(kToolhive).at("listing.empty"), "1");
  scene.cycle();
  EXPECT_EQ(scene.server("board"), nullptr);
  EXPECT_TRUE(scene.catalog.memory.empty());
  EXPECT_TRUE(scene.cycle().changes.empty());
}

TEST(ReconcileEmpty, AFailedListingNeitherCountsNorResets) {
  ToolhiveScene scene;
  scene.known("board");
  scene.seen.gone = {unreadable("board", "404")};
  scene.cycle();
  scene.seen.state = ObservationState::unavailable;
  scene.cycle();
  EXPECT_NE(scene.server("board"), nullptr);
  scene.seen.state = ObservationState::complete;
  scene.cycle();
  EXPECT_EQ(scene.server("board"), nullptr);
}

TEST(ReconcileEmpty, AnythingListedInBetweenStartsAnew) {
  ToolhiveScene scene;
  scene.known("board");
  for (int i = 0; i < 3; ++i) {
    scene.seen.workloads = {};
    scene.seen.gone = {unreadable("board", "404")};
    scene.cycle();
    scene.seen.workloads = {a_workload("board")};
    scene.seen.gone = {};
    scene.cycle();
  }
  ASSERT_NE(scene.server("board"), nullptr);
  EXPECT_TRUE(scene.catalog.memory.empty());
}

TEST(ReconcileEmpty, WhatIsNotProvenStaysHoweverOften) {
  ToolhiveScene scene;
  scene.known("board");
  scene.cycle();
  scene.cycle();
  EXPECT_TRUE(scene.cycle().changes.empty());
  EXPECT_EQ(scene.server("board")->stale.reason, "not listed any more; its removal is not proven");
}

TEST(ReconcileEmpty, ANewSourceWithoutServersIsNotSuspicious) {
  ToolhiveScene scene;
  EXPECT_TRUE(scene.cycle().changes.empty());
}

}  // namespace
}  // namespace mcpo::ingest
