#include "ingest/plan_listing.h"

#include <gtest/gtest.h>

#include "ingest/scene_fake.h"

namespace mcpo::ingest {
namespace {

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
  scene.activity[{kConfig, "", "github"}].last_success = {kNow.unix_ms + 5};
  const auto out = plan_flush(scene.catalog, scene.activity);
  ASSERT_EQ(out.upserts.size(), 1u);
  EXPECT_EQ(out.upserts[0].display_name, "github");
}

}  // namespace
}  // namespace mcpo::ingest
