#include "ingest/reconcile.h"

#include <gtest/gtest.h>

#include "ingest/scene_fake.h"

namespace mcpo::ingest {
namespace {

using catalog::Server;
using sources::ObservationState;

TEST(Reconcile, NewServerIsAddedAndListed) {
  Scene scene;
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].display_name, "github");
  ASSERT_EQ(plan.listings.size(), 1u);
  EXPECT_EQ(plan.listings[0].reason, "first sight");
  EXPECT_EQ(change_of(plan, "github")->action, Action::added);
}

TEST(Reconcile, UnchangedCycleChangesNothing) {
  Scene scene;
  scene.known("github");
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_TRUE(plan.listings.empty());
  EXPECT_EQ(change_of(plan, "github")->action, Action::kept);
}

TEST(Reconcile, ChangedConnectionIsListedAgain) {
  Scene scene;
  scene.known("github").connection_hash = "another command";
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].connection_hash, "run-github");
  ASSERT_EQ(plan.listings.size(), 1u);
  EXPECT_EQ(plan.listings[0].reason, "its connection changed");
}

TEST(Reconcile, UnavailableSourceRemovesNothing) {
  Scene scene;
  scene.known("github");
  scene.seen.state = ObservationState::unavailable;
  scene.seen.detail = "not JSON";
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_EQ(change_of(plan, "github")->action, Action::kept);
}

TEST(Reconcile, AbsenceFromAReadableFileRemoves) {
  Scene scene;
  scene.known("github");
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.removals.size(), 1u);
  EXPECT_EQ(plan.changes.removals[0].name, "github");
  EXPECT_EQ(change_of(plan, "github")->action, Action::removed);
}

TEST(Reconcile, AbsenceWithoutProofMarksStale) {
  Scene scene;
  scene.known("github");
  scene.seen.absence_is_proof = false;
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.changes.removals.empty());
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_TRUE(plan.changes.upserts[0].stale);
}

TEST(Reconcile, OtherSourcesServersAreNotTouched) {
  Scene scene;
  scene.known("github", kToolhive);
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_TRUE(plan.report.empty());
}

TEST(Reconcile, UnreadableEntryKeepsRowAndTools) {
  Scene scene;
  scene.known("github");
  scene.seen.unreadable = {{"", "github", "${GITHUB_TOKEN} is not set"}};
  scene.seen.state = ObservationState::partial;
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.changes.removals.empty());
  EXPECT_TRUE(plan.changes.tools.empty());
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].stale.reason, "${GITHUB_TOKEN} is not set");
}

TEST(Reconcile, UnreadableNewEntryIsNotCreatedBlindly) {
  Scene scene;
  scene.seen.unreadable = {{"", "github", "needs a command"}};
  const Plan plan = scene.plan();
  EXPECT_TRUE(plan.changes.empty());
  EXPECT_EQ(change_of(plan, "github")->action, Action::stale);
}

TEST(Reconcile, StaleReasonThatStaysIsNoChange) {
  Scene scene;
  scene.known("github").stale = {{kNow.unix_ms - 5000}, "not set"};
  scene.seen.unreadable = {{"", "github", "not set"}};
  EXPECT_TRUE(scene.plan().changes.empty());
}

TEST(Reconcile, ReadableAgainIsNoLongerStale) {
  Scene scene;
  scene.known("github").stale = {kNow, "not set"};
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_FALSE(plan.changes.upserts[0].stale);
}

TEST(Reconcile, LeftOutOnPurposeIsRemoved) {
  Scene scene;
  scene.known("github");
  scene.seen.left_out = {{"", "github", "disabled"}};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.removals.size(), 1u);
  EXPECT_EQ(change_of(plan, "github")->reason, "disabled");
}

TEST(Reconcile, NotRunningKeepsRowAndIsNotListed) {
  Scene scene;
  scene.known("github");
  sources::Workload stopped = a_workload("github");
  stopped.status = "stopped";
  scene.seen.workloads = {stopped};
  scene.activity[{kConfig, "", "github"}].tools_changed = true;
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].status, "stopped");
  EXPECT_TRUE(plan.listings.empty());
}

TEST(Reconcile, WhatDoesNotRunIsNotDegraded) {
  Scene scene;
  scene.known("github").degraded = {kNow, "connection refused"};
  sources::Workload stopped = a_workload("github");
  stopped.status = "stopped";
  scene.seen.workloads = {stopped};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_FALSE(plan.changes.upserts[0].degraded);
  // Its last listing failed: it is listed again when it runs.
  EXPECT_FALSE(plan.changes.upserts[0].tools_listed_at);
}

TEST(Reconcile, ProblemOfAStoppedEntryIsKeptShown) {
  Scene scene;
  Server& github = scene.known("github");
  github.status = "stopped";
  github.degraded = {kNow, "odd transport"};
  sources::Workload stopped = a_workload("github");
  stopped.status = "stopped";
  stopped.problem = "odd transport";
  scene.seen.workloads = {stopped};
  EXPECT_TRUE(scene.plan().changes.empty());
}

TEST(Reconcile, ProblemThatIsOverIsForgotten) {
  Scene scene;
  scene.known("github").degraded = {kNow, "odd transport"};
  scene.activity[{kConfig, "", "github"}].problem = "odd transport";
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_FALSE(plan.changes.upserts[0].degraded);
}

TEST(Reconcile, WhatListingShowedOutlivesAProblemThatIsOver) {
  Scene scene;
  scene.known("github").degraded = {kNow, "connection refused"};
  scene.activity[{kConfig, "", "github"}].problem = "odd transport";
  scene.seen.workloads = {a_workload("github")};
  EXPECT_TRUE(scene.plan().changes.empty());
}

TEST(Reconcile, RunningWithoutAnAddressIsDegraded) {
  Scene scene;
  scene.known("github").degraded = {kNow, "not known yet how to reach"};
  scene.known("gitlab").status = "stopped";
  for (const char* name : {"github", "gitlab"}) {
    scene.seen.workloads.push_back(a_workload(name));
    scene.seen.workloads.back().spec.reset();
  }
  scene.seen.workloads.back().status = "stopped";
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].degraded.reason, "its source names no address for it");
  EXPECT_TRUE(plan.listings.empty());
}

TEST(Reconcile, UnknownStatusIsKeptAndOffered) {
  Scene scene;
  scene.known("github");
  sources::Workload odd = a_workload("github");
  odd.status = "hibernating";
  scene.seen.workloads = {odd};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].status, "hibernating");
  EXPECT_TRUE(plan.changes.removals.empty());
}

TEST(Reconcile, SameNameFromTwoSourcesKeepsTheFirstBare) {
  Scene scene;
  scene.known("github", kToolhive);
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 1u);
  EXPECT_EQ(plan.changes.upserts[0].display_name, "github@config");
}

struct DueCase {
  const char* name;
  std::function<void(Scene&, Server&)> given;
  const char* reason;  // empty: not due
};

class ListingDueTest : public testing::TestWithParam<DueCase> {};

TEST_P(ListingDueTest, IsDueForTheReasonsOfTheDesign) {
  Scene scene;
  Server& server = scene.known("github");
  GetParam().given(scene, server);
  scene.seen.workloads = {a_workload("github")};
  const Plan plan = scene.plan();
  const std::string reason = plan.listings.empty() ? "" : plan.listings[0].reason;
  EXPECT_EQ(reason, GetParam().reason);
}

Activity& activity_of(Scene& scene) { return scene.activity[{kConfig, "", "github"}]; }

INSTANTIATE_TEST_SUITE_P(
    Reasons, ListingDueTest,
    testing::Values(
        DueCase{"fresh", [](Scene&, Server&) {}, ""},
        DueCase{"never", [](Scene&, Server& s) { s.tools_listed_at = {}; }, "first sight"},
        DueCase{"list_changed", [](Scene& c, Server&) { activity_of(c).tools_changed = true; },
                "its tools changed"},
        DueCase{"failed", [](Scene& c, Server&) { activity_of(c).listing_failed = true; },
                "the last listing failed"},
        DueCase{"degraded_before_restart",
                [](Scene&, Server& s) { s.degraded = {kNow, "connection refused"}; },
                "it was degraded"},
        DueCase{"old", [](Scene& c, Server&) { c.now.unix_ms += 600'000; }, "its tools are old"},
        DueCase{"clock_went_back", [](Scene& c, Server&) { c.now.unix_ms -= 1; },
                "its tools are old"},
        DueCase{"ttl",
                [](Scene& c, Server& s) {
                  s.tools_ttl_ms = 1'000;
                  c.now.unix_ms += 1'000;
                },
                "its ttlMs ended"},
        DueCase{"listed_in_memory",
                [](Scene& c, Server&) {
                  c.now.unix_ms += 600'000;
                  activity_of(c).tools_listed_at = c.now;
                },
                ""},
        DueCase{"created_anew", [](Scene&, Server& s) { s.created_at = "yesterday"; },
                "it was created anew"}),
    [](const auto& param_info) { return std::string(param_info.param.name); });

TEST(Reconcile, ChangeThatCouldNotBeListedAtOnceIsNotForgotten) {
  Scene scene;
  scene.known("github");
  sources::Workload anew = a_workload("github");
  anew.created_at = "today";
  anew.status = "starting";
  scene.seen.workloads = {anew};
  Plan plan = scene.plan();
  EXPECT_TRUE(plan.listings.empty());
  // Another process, or a later cycle: it runs now.
  scene.catalog = catalog::apply(scene.catalog, plan.changes, scene.next_id);
  scene.seen.workloads[0].status = "running";
  plan = scene.plan();
  EXPECT_EQ(plan.listings.size(), 1u);
}

TEST(ReconcileMemory, OnlyDifferencesAreCarried) {
  ToolhiveScene scene;
  scene.seen.memory = {{"seen", "yes"}, {"never there", std::nullopt}};
  EXPECT_EQ(scene.cycle().changes.memory.at(kToolhive).size(), 1u);
  EXPECT_TRUE(scene.cycle().changes.empty());
  scene.seen.state = ObservationState::unavailable;
  scene.seen.memory = {{"seen", std::nullopt}};
  scene.cycle();
  EXPECT_TRUE(scene.catalog.memory.empty());
}

TEST(ReconcileWords, UnknownOnesAreSaidOnceAndKept) {
  ToolhiveScene scene;
  sources::Workload odd = a_workload("board");
  odd.status = "hibernating";
  odd.transport = "carrier-pigeon";
  scene.seen.workloads = {odd};
  const Plan first = scene.cycle();
  EXPECT_EQ(change_of(first, "board")->reason,
            "listed by its source; unknown status \"hibernating\", kept and offered; unknown "
            "transport \"carrier-pigeon\", kept");
  EXPECT_EQ(change_of(scene.cycle(), "board")->reason, "unchanged");
}

TEST(ReconcileWords, NoStatusIsUnknown) {
  ToolhiveScene scene;
  scene.seen.workloads = {a_workload("board")};
  scene.seen.workloads[0].status = "";
  scene.cycle();
  EXPECT_EQ(scene.server("board")->status, "unknown");
}

TEST(ReconcileNames, NamespacesOfOneSourceTellThemselvesApart) {
  Scene scene;
  scene.seen.origin = {"kubernetes", "here"};
  scene.policy.visible_origins = {scene.seen.origin, kConfig};
  scene.seen.workloads = {a_workload("github"), a_workload("github"), a_workload("files")};
  scene.seen.workloads[0].namespace_name = "dev";
  scene.seen.workloads[1].namespace_name = "prod";
  scene.seen.workloads[2].namespace_name = "dev";
  scene.known("files");
  const Plan plan = scene.plan();
  ASSERT_EQ(plan.changes.upserts.size(), 3u);
  EXPECT_EQ(plan.changes.upserts[0].display_name, "github");
  EXPECT_EQ(plan.changes.upserts[1].display_name, "github@prod");
  EXPECT_EQ(plan.changes.upserts[2].display_name, "files@kubernetes");
}

}  // namespace
}  // namespace mcpo::ingest
