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

// What only some sources have: a registry, proof by name, lists that cannot be trusted blindly.

sources::Workload a_remote(const std::string& name, const std::string& url) {
  sources::Workload out = a_workload(name);
  out.transport = "streamable-http";
  out.upstream_url = url;
  out.identity = url;
  return out;
}

RegistryEntry an_entry(const std::string& name, const std::string& url) {
  RegistryEntry out;
  out.name = name;
  out.remote = true;
  out.url = url;
  return out;
}

// ToolHive: not being listed proves nothing.
struct ToolhiveScene : Scene {
  ToolhiveScene() {
    seen.origin = kToolhive;
    seen.absence_is_proof = false;
  }
  Server& known(const std::string& name) { return Scene::known(name, kToolhive); }
  void has_registry(std::vector<RegistryEntry> entries) {
    catalog.registries[kToolhive] = catalog::make_registry(std::move(entries), nullptr);
  }
  void reads_registry(std::vector<RegistryEntry> entries) {
    seen.registry = sources::RegistryReading{"today", std::move(entries)};
  }
  // Plans, and takes the changes into the catalog.
  Plan cycle() {
    Plan out = plan();
    catalog = catalog::apply(catalog, out.changes, next_id);
    return out;
  }
  // Its tools were listed now, and there are none.
  void lists_tools(const std::string& name) {
    const ListingDue due{{kToolhive, "", name}, server(name)->connection_hash, ""};
    catalog =
        catalog::apply(catalog, plan_listing(catalog, due, mcp::ToolList{}, now).changes, next_id);
  }
  const Server* server(const std::string& name) const {
    const catalog::ServerEntry* entry = catalog.find({kToolhive, "", name});
    return entry == nullptr ? nullptr : &entry->server;
  }
};

const catalog::Link kNoLink;
const RegistryEntry kMonday = an_entry("monday", "https://mcp.monday.com/sse");

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
