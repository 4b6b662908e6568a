// Where ToolHive is looked for, and when.
#include "sources/toolhive/toolhive_source_test_support.h"

namespace mcpo::sources::toolhive {
namespace {

TEST_F(ToolHiveSourceTest, WithoutToolHiveNothingIsAskedUntilTheNextLook) {
  std::shared_ptr<ApiFake> later = std::exchange(finder->api, nullptr);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(observe().detail, "ToolHive was not found");
  EXPECT_EQ(finder->finds, 1);
  clock.advance(Millis(1'000));
  (void)observe();
  EXPECT_EQ(finder->finds, 2);
  clock.advance(Millis(1'000));
  (void)observe();
  EXPECT_EQ(finder->finds, 2);  // the pause has doubled
  finder->api = later;
  finder->news = true;  // its discovery file came into being
  EXPECT_EQ(observe().state, ObservationState::complete);
  EXPECT_EQ(source->current_api(), later);
}

TEST_F(ToolHiveSourceTest, IsFoundAgainWhereItMoved) {
  api().add_container("c", "ghcr.io/x/c:1");
  (void)observe();
  const std::shared_ptr<ApiFake> before = finder->api;
  auto after = std::make_shared<ApiFake>("http://elsewhere");
  after->list = before->list;
  before->faults["list"] = {Errc::unavailable, "connection refused"};
  finder->api = after;
  const Observation seen = observe();
  EXPECT_EQ(seen.state, ObservationState::complete);
  EXPECT_EQ(seen.workloads.size(), 1u);
  EXPECT_EQ(source->current_api(), after);
}

TEST_F(ToolHiveSourceTest, ANewDiscoveryFileIsFollowedWhileTheOldOneStillAnswers) {
  (void)observe();
  const std::shared_ptr<ApiFake> before = finder->api;
  finder->api = std::make_shared<ApiFake>("http://elsewhere");
  finder->news = true;
  (void)observe();
  EXPECT_EQ(source->current_api(), finder->api);
  // A file that leads nowhere is no reason to leave a ToolHive that answers.
  const std::shared_ptr<ApiFake> good = std::exchange(finder->api, nullptr);
  finder->news = true;
  EXPECT_EQ(observe().state, ObservationState::complete);
  EXPECT_EQ(source->current_api(), good);
}

TEST_F(ToolHiveSourceTest, AGivenPlaceIsItsNameAndTheOnlyOneAsked) {
  finder->fixed = "http://127.0.0.1:18080";
  restart();
  EXPECT_EQ(source->origin(), (SourceInstance{"toolhive", "http://127.0.0.1:18080"}));
  api().faults["list"] = {Errc::unavailable, "connection refused"};
  EXPECT_EQ(observe().detail, "connection refused");
  EXPECT_EQ(observe().detail, "connection refused");
  EXPECT_EQ(finder->finds, 1);
  api().faults.clear();
  EXPECT_EQ(observe().state, ObservationState::complete);
}

TEST_F(ToolHiveSourceTest, ARefusedTokenIsReadAgainInTheSameCycle) {
  for (const std::string place : {"http://127.0.0.1:18080", ""}) {
    finder->fixed = place;
    finder->api = std::make_shared<ApiFake>();
    restart();
    EXPECT_EQ(observe().state, ObservationState::complete);
    const std::shared_ptr<ApiFake> old_token = finder->api;
    old_token->faults["list"] = {Errc::denied, "ToolHive refuses (401)"};
    finder->api = std::make_shared<ApiFake>();
    EXPECT_EQ(observe().state, ObservationState::complete) << place;
    EXPECT_EQ(source->current_api(), finder->api);
    EXPECT_EQ(source->trouble(), "");
  }
}

TEST_F(ToolHiveSourceTest, ATokenThatIsRefusedAgainIsTold) {
  finder->fixed = "http://127.0.0.1:18080";
  restart();
  api().faults["list"] = {Errc::denied, "ToolHive refuses (401)"};
  EXPECT_EQ(observe().detail, "ToolHive refuses (401)");
  EXPECT_EQ(source->trouble(), "ToolHive refuses (401)");
  EXPECT_EQ(api().count("list"), 2u);
}

TEST_F(ToolHiveSourceTest, ALostOneIsLookedForWithoutWaitingForThePoll) {
  options.initial_backoff = Millis(1);
  restart();
  (void)observe();
  api().faults["list"] = {Errc::unavailable, "connection refused"};
  int triggers = 0;
  auto body = [](ToolHiveSourceTest& t, int& count) -> async::Co<> {
    (void)co_await t.source->observe(t.history, soon());
    const auto ended = co_await async::with_deadline(t.source->watch([&] {
      ++count;
      t.clock.advance(Millis(10));
    }),
                                                     async::Deadline::in(Millis(500)), "watch");
    EXPECT_EQ(ended.error().code, Errc::timeout);
  };
  run(body(*this, triggers));
  EXPECT_EQ(triggers, 1);
}

TEST_F(ToolHiveSourceTest, WhatIsNotLostIsNotLookedForInBetween) {
  clock.advance(Millis(1));
  int triggers = 0;
  auto body = [](ToolHiveSourceTest& t, int& count) -> async::Co<> {
    const auto ended = co_await async::with_deadline(t.source->watch([&] { ++count; }),
                                                     async::Deadline::in(Millis(30)), "watch");
    EXPECT_EQ(ended.error().code, Errc::timeout);
  };
  run(body(*this, triggers));
  EXPECT_EQ(triggers, 0);
}

}  // namespace
}  // namespace mcpo::sources::toolhive
