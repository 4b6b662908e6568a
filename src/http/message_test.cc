#include "http/message.h"

#include <gtest/gtest.h>

namespace mcpo::http {
namespace {

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers{{"Accept", "a"}, {"X-Y", "1"}, {"ACCEPT", "b"}};
  EXPECT_EQ(headers.find("accept"), "a");
  EXPECT_EQ(headers.count("Accept"), 2U);
  EXPECT_EQ(headers.find("Host"), std::nullopt);
}

TEST(Headers, SetReplacesAllInPlace) {
  Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
  headers.set("A", "9");
  headers.set("C", "4");
  EXPECT_EQ(headers.fields(), (std::vector<Headers::Field>{{"A", "9"}, {"B", "2"}, {"C", "4"}}));
  headers.remove("b");
  EXPECT_EQ(headers.count("B"), 0U);
}

TEST(Request, SplitsItsTarget) {
  const Request request{.target = "/mcp?a=1?b"};
  EXPECT_EQ(request.path(), "/mcp");
  EXPECT_EQ(request.query(), "a=1?b");
  EXPECT_EQ(Request{.target = "/"}.query(), "");
}

TEST(MediaType, DropsParametersAndCase) {
  EXPECT_EQ(media_type(" Application/JSON ; charset=utf-8"), "application/json");
  EXPECT_EQ(media_type(""), "");
}

}  // namespace
}  // namespace mcpo::http
