#include "ingest/routes.h"

#include <gtest/gtest.h>

#include "ingest/scene_fake.h"

namespace mcpo::ingest {
namespace {

using sources::ObservationState;

// The command by which the server would be reached; empty: no route.
std::string command_to(const RouteBook& book, const catalog::Catalog& catalog,
                       const std::string& name) {
  for (const auto& [id, route] : book.routes(catalog)) {
    if (route.server_name == name) return std::get<mcp::StdioSpec>(route.spec).command;
  }
  return "";
}

TEST(RouteBook, WhatIsNotListedOrNotReadableKeepsItsLastRoute) {
  Scene scene;
  scene.known("github");
  scene.known("files");
  RouteBook book;
  scene.seen.workloads = {a_workload("github"), a_workload("files")};
  book.remember(scene.seen, scene.catalog);
  scene.seen.workloads = {};
  scene.seen.unreadable = {{"", "files", "not set", {}}};
  book.remember(scene.seen, scene.catalog);
  EXPECT_EQ(command_to(book, scene.catalog, "github"), "run-github");
  EXPECT_EQ(command_to(book, scene.catalog, "files"), "run-files");
}

TEST(RouteBook, TheListTellsTheWayAlsoWhereDetailsAreUnreadable) {
  Scene scene;
  scene.known("github");
  RouteBook book;
  scene.seen.unreadable = {{"", "github", "details: 500", a_workload("github")}};
  scene.seen.unreadable[0].listed->spec = spec_of("elsewhere");
  book.remember(scene.seen, scene.catalog);
  EXPECT_EQ(command_to(book, scene.catalog, "github"), "elsewhere");
}

TEST(RouteBook, WhatWasLeftOutOrCannotBeConnectedToHasNone) {
  Scene scene;
  scene.known("github");
  scene.known("files");
  RouteBook book;
  scene.seen.workloads = {a_workload("github"), a_workload("files")};
  book.remember(scene.seen, scene.catalog);
  scene.seen.workloads = {a_workload("files")};
  scene.seen.workloads[0].spec.reset();
  scene.seen.left_out = {{"", "github", "disabled", {}}};
  book.remember(scene.seen, scene.catalog);
  EXPECT_TRUE(book.routes(scene.catalog).empty());
}

TEST(RouteBook, ForgetsServersThatTheCatalogForgot) {
  Scene scene;
  scene.known("github");
  RouteBook book;
  scene.seen.workloads = {a_workload("github")};
  book.remember(scene.seen, scene.catalog);
  const catalog::Catalog before = scene.catalog;
  scene.catalog.servers.clear();
  scene.seen.workloads = {};
  book.remember(scene.seen, scene.catalog);
  EXPECT_TRUE(book.routes(before).empty());
}

TEST(RouteBook, AnUnavailableSourceChangesNothing) {
  Scene scene;
  scene.known("github");
  RouteBook book;
  scene.seen.workloads = {a_workload("github")};
  book.remember(scene.seen, scene.catalog);
  scene.seen.state = ObservationState::unavailable;
  scene.seen.workloads = {};
  book.remember(scene.seen, scene.catalog);
  EXPECT_EQ(command_to(book, scene.catalog, "github"), "run-github");
}

}  // namespace
}  // namespace mcpo::ingest
