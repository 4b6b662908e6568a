#include "ingest/reconcile.h"

#include <gtest/gtest.h>

namespace mcpo::ingest {
namespace {

using catalog::Server;
using sources::ObservationState;

const SourceInstance kConfig{"config", "/home/ada/mcp.json"};
const SourceInstance kToolhive{"toolhive", "local"};
constexpr WallTime kNow{1'700'000'000'000};

mcp::ConnectionSpec spec_of(const std::string& command) {
  mcp::StdioSpec spec;
  spec.command = command;
  return spec;
}

std::string hash_of(const mcp::ConnectionSpec& spec) {
  return std::get<mcp::StdioSpec>(spec).command;
}

sources::Workload a_workload(const std::string& name) {
  sources::Workload out;
  out.name = name;
  out.transport = "stdio";
  out.identity = name;
  out.spec = spec_of("run-" + name);
  return out;
}

// A catalog and an observation, and what plan() makes of them.
struct Scene {
  catalog::Catalog catalog;
  std::int64_t next_id = 1;
  sources::Observation seen{.origin = kConfig, .state = ObservationState::complete};
  ActivityMap activity;
  Policy policy{.visible_origins = {kConfig, kToolhive}};
  WallTime now = kNow;

  Scene() { seen.absence_is_proof = true; }

  Server& known(const std::string& name, const SourceInstance& origin = kConfig) {
    Server server;
    server.id = ServerId{next_id++};
    server.key = {origin, "", name};
    server.display_name = name;
    server.transport = "stdio";
    server.identity = name;
    server.connection_hash = "run-" + name;
    server.tools_listed_at = kNow;
    auto entry = std::make_shared<catalog::ServerEntry>();
    entry->server = server;
    entry->tools = std::make_shared<const std::vector<catalog::CatalogTool>>(
        std::vector<catalog::CatalogTool>{{"old_tool", "{\"name\":\"old_tool\"}", {}}});
    catalog.servers[server.id] = entry;
    return const_cast<Server&>(entry->server);
  }

  Plan plan() const {
    const std::function<std::string(const mcp::ConnectionSpec&)> hash = hash_of;
    return ingest::plan({seen, catalog, activity, policy, now, hash});
  }
};

const Change* change_of(const Plan& plan, const std::string& server) {
  for (const Change& change : plan.report) {
    if (change.server == server) return &change;
  }
  return nullptr;
}

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

ListingDue due_of(const std::string& name) { return {{kConfig, "", name}, "run-" + name, "test"}; }

mcp::ToolList tools_named(std::vector<std::string> names) {
  mcp::ToolList out;
  for (auto& name : names) {
    out.tools.push_back({"{\"name\":\"" + name + "\"}", name, "", ""});
  }
  return out;
}

TEST(PlanListing, ReplacesTheToolsOfAServer) {
  Scene scene;
  scene.known("github");
  const auto out = plan_listing(scene.catalog, due_of("github"), tools_named({"a", "b"}), kNow);
  ASSERT_EQ(out.changes.tools.size(), 1u);
  EXPECT_EQ(out.changes.tools.begin()->second->size(), 2u);
  EXPECT_EQ(out.report.action, Action::changed);
}

TEST(PlanListing, FailureKeepsToolsAndMarksDegraded) {
  Scene scene;
  scene.known("github");
  const auto out =
      plan_listing(scene.catalog, due_of("github"), fail(Errc::timeout, "no answer"), kNow);
  EXPECT_TRUE(out.changes.tools.empty());
  ASSERT_EQ(out.changes.upserts.size(), 1u);
  EXPECT_EQ(out.changes.upserts[0].degraded.reason, "no answer");
  EXPECT_EQ(out.report.action, Action::degraded);
}

TEST(PlanListing, SameFailureAgainWritesNothing) {
  Scene scene;
  scene.known("github").degraded = {{kNow.unix_ms - 60'000}, "no answer"};
  const auto out =
      plan_listing(scene.catalog, due_of("github"), fail(Errc::timeout, "no answer"), kNow);
  EXPECT_TRUE(out.changes.empty());
}

TEST(PlanListing, RecoveryClearsDegraded) {
  Scene scene;
  scene.known("github").degraded = {kNow, "no answer"};
  const auto out = plan_listing(scene.catalog, due_of("github"), tools_named({"a"}), kNow);
  ASSERT_EQ(out.changes.upserts.size(), 1u);
  EXPECT_FALSE(out.changes.upserts[0].degraded);
}

TEST(PlanListing, AnswerOfAReplacedServerIsDropped) {
  Scene scene;
  scene.known("github").connection_hash = "a newer command";
  const auto out = plan_listing(scene.catalog, due_of("github"), tools_named({"a"}), kNow);
  EXPECT_TRUE(out.changes.empty());
}

TEST(PlanListing, AnswerOfARemovedServerIsDropped) {
  Scene scene;
  const auto out = plan_listing(scene.catalog, due_of("github"), tools_named({"a"}), kNow);
  EXPECT_TRUE(out.changes.empty());
}

TEST(PlanListing, ProblemsOfTheListAreShown) {
  Scene scene;
  scene.known("github");
  mcp::ToolList list = tools_named({"a"});
  list.problems = {"lists the tool \"a\" twice"};
  const auto out = plan_listing(scene.catalog, due_of("github"), list, kNow);
  ASSERT_EQ(out.changes.upserts.size(), 1u);
  EXPECT_EQ(out.changes.upserts[0].degraded.reason, "lists the tool \"a\" twice");
  EXPECT_EQ(out.changes.tools.size(), 1u);
}

TEST(PlanFlush, StoresOnlyWhatIsNewer) {
  Scene scene;
  scene.known("github");
  scene.known("files");
  activity_of(scene).last_success = {kNow.unix_ms + 5};
  const auto out = plan_flush(scene.catalog, scene.activity);
  ASSERT_EQ(out.upserts.size(), 1u);
  EXPECT_EQ(out.upserts[0].display_name, "github");
}

}  // namespace
}  // namespace mcpo::ingest
