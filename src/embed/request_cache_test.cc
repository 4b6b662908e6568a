#include "embed/request_cache.h"

#include <gtest/gtest.h>

namespace mcpo::embed {
namespace {

RequestCache::Value value(std::size_t numbers) {
  auto made = std::make_shared<search::RequestEmbedding>();
  made->vector.resize(numbers);
  return made;
}

TEST(RequestCache, DropsWhatWasNotUsedForLongest) {
  RequestCache cache(2, 1000);
  cache.put("a", value(1));
  cache.put("b", value(1));
  EXPECT_TRUE(cache.find("a"));
  cache.put("c", value(1));
  EXPECT_TRUE(cache.find("a"));
  EXPECT_FALSE(cache.find("b"));
  EXPECT_TRUE(cache.find("c"));
}

TEST(RequestCache, HoldsNoMoreBytesThanItMay) {
  RequestCache cache(100, 50);
  cache.put("a", value(10));
  cache.put("b", value(10));
  EXPECT_EQ(cache.bytes(), 42U);
  cache.put("c", value(20));
  EXPECT_FALSE(cache.find("a"));
  EXPECT_TRUE(cache.find("c"));
  cache.put("too large", value(100));
  EXPECT_FALSE(cache.find("too large"));
  EXPECT_TRUE(cache.find("c"));
}

TEST(RequestCache, ALaterValueReplacesTheEarlier) {
  RequestCache cache(10, 1000);
  cache.put("a", value(1));
  cache.put("a", value(2));
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.bytes(), 5U);
  EXPECT_EQ(cache.find("a")->vector.size(), 2U);
}

TEST(RequestCache, OfNoEntriesKeepsNothing) {
  RequestCache cache(0, 1000);
  cache.put("a", value(1));
  EXPECT_FALSE(cache.find("a"));
}

}  // namespace
}  // namespace mcpo::embed
