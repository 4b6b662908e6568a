// What calls teach, over a real store.
#include "gateway/usage_memory.h"

#include <gtest/gtest.h>

#include "db/sqlite.h"
#include "gateway/store_test_support.h"

namespace mcpo::gateway {
namespace {

class UsageMemoryTest : public StoreTest {
 public:
  void run_sql(const char* sql) const {
    auto database = db::Database::open(path(), db::Access::read_write).value();
    ASSERT_TRUE(database.run(sql));
  }

  struct Process : Parts {
    explicit Process(UsageMemoryTest& t)
        : Parts(t), test(t), memory(t.io.get_executor(), *catalog, tools, clock, Logger::none()) {
      test.add_tools(*this, 1);
    }
    // What is known of a request, after what that sets going has ended.
    std::size_t used(const std::vector<float>& direction) {
      search::Query query = asking(direction);
      memory.add_used(query, views.view());
      test.run_all();
      return query.used.size();
    }
    void offer_and_call(const std::vector<float>& direction) {
      const search::Query query = asking(direction);
      memory.offered(query, *views.view(), {.hits = {{0, 1}}});
      memory.called(views.view()->servers().at(0).server(), "tool0");
    }
    void find_and_call(const std::vector<float>& direction) {
      offer_and_call(direction);
      test.run_all();
    }
    static search::Query asking(const std::vector<float>& direction) {
      search::Query query;
      query.embedding = std::make_shared<const search::RequestEmbedding>(
          search::RequestEmbedding{.vector = search::to_fixed(direction)});
      return query;
    }
    UsageMemoryTest& test;
    UsageMemory memory;
  };
};

TEST_F(UsageMemoryTest, WhatOneProcessLearnsTheNextOneKnows) {
  Process first(*this);
  EXPECT_EQ(first.used({1, 0}), 0U);
  first.find_and_call({1, 0});
  EXPECT_EQ(first.used({1, 0}), 1U);
  Process second(*this);
  EXPECT_EQ(second.used({1, 0}), 0U);  // nobody waits for the database
  EXPECT_EQ(second.used({1, 0}), 1U);
  EXPECT_EQ(second.used({0, 1}), 0U);
}

TEST_F(UsageMemoryTest, AnotherModelKnowsNothingOfIt) {
  Process first(*this);
  first.find_and_call({1, 0});
  Process second(*this);
  second.encoder.name = "other";
  EXPECT_EQ(second.used({1, 0}), 0U);
  EXPECT_EQ(second.used({1, 0}), 0U);
}

TEST_F(UsageMemoryTest, AFailedReadIsTriedAgainAndForgetsNothing) {
  {
    Process(*this).find_and_call({1, 0});
  }
  Process process(*this);
  run_sql("ALTER TABLE used_tools RENAME TO elsewhere");
  EXPECT_EQ(process.used({1, 0}), 0U);
  run_sql("ALTER TABLE elsewhere RENAME TO used_tools");
  process.find_and_call({0, 1});
  EXPECT_EQ(process.used({1, 0}), 0U);  // too early
  process.clock.advance(UsageMemory::kRetryAfter);
  (void)process.used({1, 0});
  EXPECT_EQ(process.used({1, 0}), 1U);
  EXPECT_EQ(process.used({0, 1}), 1U);
}

TEST_F(UsageMemoryTest, ClosedItStoresWhatItHasAndLearnsNoMore) {
  Process first(*this);
  first.offer_and_call({1, 0});
  io.restart();
  io.poll();
  EXPECT_TRUE(run(first.memory.close(async::Deadline::never())));
  first.find_and_call({0, 1});
  Process second(*this);
  (void)second.used({1, 0});
  EXPECT_EQ(second.used({1, 0}), 1U);
  EXPECT_EQ(second.used({0, 1}), 0U);
}

}  // namespace
}  // namespace mcpo::gateway
