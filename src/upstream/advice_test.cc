#include "upstream/advice.h"

#include <gtest/gtest.h>

namespace mcpo::upstream {
namespace {

constexpr AdviceSubject kSse{"toolhive", "events", "sse", "http://127.0.0.1:20001/sse"};
constexpr AdviceSubject kTickets{"toolhive", "tickets", "streamable-http", ""};

TEST(Advice, AnEndedProxyNeedsStopThenStart) {
  const std::string text =
      advice(kTickets, {Errc::unavailable, "connect to 127.0.0.1:20001: connection refused"});
  EXPECT_NE(text.find("`thv stop tickets`, then `thv start tickets`"), std::string::npos) << text;
}

TEST(Advice, AnUpstreamThatIsDownIsNotTheProxysFault) {
  const std::string text = advice(kTickets, {Errc::unavailable, "answers HTTP 502 Bad Gateway"});
  EXPECT_NE(text.find("`thv logs tickets --proxy`"), std::string::npos) << text;
}

TEST(Advice, ARewrittenPathIsToolHives) {
  const Error error{Errc::not_found, "answers HTTP 404 Not Found: there is no MCP endpoint"};
  EXPECT_NE(advice(kSse, error).find("ToolHive rewrites the path"), std::string::npos);
  EXPECT_EQ(advice(kTickets, error), "");
}

TEST(Advice, AToolHiveThatIsAwayIsNamed) {
  const Error error{Errc::not_found, "it is not known yet how to reach this server"};
  EXPECT_NE(advice(kTickets, error).find("`thv serve`"), std::string::npos);
}

TEST(Advice, CredentialsAreGivenWhereTheServerIsRun) {
  const Error error{Errc::denied, "answers HTTP 401 Unauthorized: needs credentials"};
  EXPECT_NE(advice(kTickets, error).find("`thv logs tickets --proxy`"), std::string::npos);
  EXPECT_NE(advice({"config", "x", "http", ""}, error).find("\"headers\""), std::string::npos);
}

TEST(Advice, OtherSourcesSpeakForThemselves) {
  EXPECT_EQ(advice({"config", "x", "sse", ""}, {Errc::unavailable, "connection refused"}), "");
  EXPECT_EQ(advice(kTickets, {Errc::timeout, "no answer within 20 s"}), "");
}

}  // namespace
}  // namespace mcpo::upstream
