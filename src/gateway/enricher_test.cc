// Tools get their embeddings from an encoder that the test holds in its hand, over a real store.
#include "gateway/enricher.h"

#include <gtest/gtest.h>

#include "gateway/store_test_support.h"

namespace mcpo::gateway {
namespace {

class EnricherTest : public StoreTest {
 public:
  struct Process : Parts {
    explicit Process(EnricherTest& test, EnricherOptions options = {.batch = 4})
        : Parts(test),
          enricher(test.io.get_executor(), views, *catalog, tools, book, clock, options,
                   Logger::none()) {}
    // Tools: of each the whole text is encoded with rows, and its description without.
    std::size_t encoded() const {
      std::size_t out = 0;
      for (const auto& call : encoder.calls) {
        for (const auto& job : call.jobs) out += job.rows == embed::Rows::all ? 1 : 0;
      }
      return out;
    }
    Enricher enricher;
  };
};

TEST_F(EnricherTest, EncodesWhatIsMissingAndStoresIt) {
  Process first(*this);
  add_tools(first, 3);
  ASSERT_TRUE(run(first.enricher.run_once()));
  EXPECT_EQ(first.encoded(), 3u);
  EXPECT_EQ(first.book.size(), 3u);
  EXPECT_EQ(first.encoder.calls[0].priority, embed::Priority::bulk);
}

TEST_F(EnricherTest, ATextIsWantedUntilSearchKnowsItsEmbedding) {
  Process process(*this);
  add_tools(process, 3);
  ASSERT_TRUE(run(process.enricher.run_once()));
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 3u);  // the view is still the one without
  process.views.build_now();
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 0u);
}

TEST_F(EnricherTest, ASecondProcessReadsWhatTheFirstStored) {
  Process first(*this);
  add_tools(first, 3);
  ASSERT_TRUE(run(first.enricher.run_once()));
  Process second(*this);
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 0u);
  EXPECT_EQ(second.book.size(), 3u);
}

TEST_F(EnricherTest, AnotherModelEncodesAnew) {
  Process first(*this);
  add_tools(first, 2);
  ASSERT_TRUE(run(first.enricher.run_once()));
  Process second(*this);
  second.encoder.name = "another";
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 2u);
}

TEST_F(EnricherTest, OneProcessEncodesAtATime) {
  Process first(*this);
  add_tools(first, 3);
  Process second(*this);
  const auto live = [](EnricherTest& test, Process& one, Process& other) -> async::Task<void> {
    async::TaskScope scope(test.io.get_executor(), Logger::none());
    one.encoder.hold();
    scope.spawn("enricher", one.enricher.run_once());
    while (one.encoder.calls.empty()) (void)co_await async::sleep_for(Millis(1));
    CO_CHECK_OK(co_await other.enricher.run_once());
    EXPECT_EQ(other.enricher.progress().wanted, 3u);  // the first one's business
    one.encoder.release();
    while (one.book.size() < 3) (void)co_await async::sleep_for(Millis(1));
    co_return co_await scope.close(async::Deadline::in(Millis(1'000)));
  };
  ASSERT_TRUE(run(live(*this, first, second)));
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 0u);
  EXPECT_EQ(second.book.size(), 3u);
}

TEST_F(EnricherTest, WhatOneProcessDoesNotSeeAnotherEncodes) {
  Process first(*this);
  add_tools(first, 2);
  ASSERT_TRUE(run(first.enricher.run_once()));
  Process second(*this);
  add_tools(second, 5);
  ASSERT_TRUE(run(second.enricher.run_once()));
  EXPECT_EQ(second.encoded(), 3u);
  EXPECT_EQ(second.book.size(), 5u);
}

TEST_F(EnricherTest, ATextThatIsRefusedKeepsNoOtherFromItsVector) {
  Process process(*this);
  add_tools(process, 4);
  process.encoder.refused = "tool2";
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.book.size(), 3u);
  process.views.build_now();
  const std::size_t asked = process.encoded();
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.encoded(), asked);  // it is not asked again
  EXPECT_EQ(process.enricher.progress().wanted, 0u);
}

TEST_F(EnricherTest, WithNothingToDoItSeesWhetherTheEncoderIsBack) {
  Process process(*this, {.retry_after = Millis(1)});
  add_tools(process, 1);
  const auto live = [](EnricherTest& test, Process& one) -> async::Task<void> {
    async::TaskScope scope(test.io.get_executor(), Logger::none());
    scope.spawn("enricher", one.enricher.run());
    while (one.book.size() < 1) (void)co_await async::sleep_for(Millis(1));
    one.views.build_now();
    const std::size_t before = one.encoder.looks;
    while (one.encoder.looks < before + 3) (void)co_await async::sleep_for(Millis(1));
    co_return co_await scope.close(async::Deadline::in(Millis(1'000)));
  };
  ASSERT_TRUE(run(live(*this, process)));
  EXPECT_EQ(process.encoded(), 1u);
}

TEST_F(EnricherTest, ARefusalIsForgottenWithItsText) {
  Process process(*this);
  add_tools(process, 3);
  process.encoder.refused = "tool2";
  ASSERT_TRUE(run(process.enricher.run_once()));
  process.encoder.refused.clear();
  add_tools(process, 2, "does it in another way");  // tool2 is gone
  ASSERT_TRUE(run(process.enricher.run_once()));
  add_tools(process, 3);
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 1u);
  EXPECT_NE(process.encoder.calls.back().jobs.front().text.find("tool2"), std::string::npos);
}

TEST_F(EnricherTest, AFailureIsToldAndLosesNothing) {
  Process process(*this);
  add_tools(process, 2);
  process.encoder.failure = Error{Errc::unavailable, "the service is down"};
  process.encoder.name = "";
  EXPECT_FALSE(run(process.enricher.run_once()));
  EXPECT_EQ(process.enricher.progress().wanted, 2u);
  process.encoder.failure.reset();
  process.encoder.name = "fake";
  ASSERT_TRUE(run(process.enricher.run_once()));
  EXPECT_EQ(process.book.size(), 2u);
}

}  // namespace
}  // namespace mcpo::gateway
