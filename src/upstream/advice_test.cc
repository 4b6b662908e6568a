#include "upstream/advice.h"

#include <gtest/gtest.h>

namespace mcpo::upstream {
namespace {

constexpr AdviceSubject kSse{"toolhive", "events", "sse", "http://127.0.0.1:20001/sse"};
constexpr AdviceSubject kTickets{"toolhive", "tickets", "streamable-http", ""};

Error answered(int status) {
  return {.code = Errc::unavailable, .message = "refused", .http_status = status};
}

TEST(Advice, AnEndedProxyNeedsStopThenStart) {
  const std::string text =
      advice(kTickets, {Errc::unavailable, "nobody listens there", Cause::refused});
  EXPECT_NE(text.find("`thv stop tickets`, then `thv start tickets`"), std::string::npos) << text;
}

TEST(Advice, AnUpstreamThatIsDownIsNotTheProxysFault) {
  const std::string text = advice(kTickets, answered(502));
  EXPECT_NE(text.find("`thv logs tickets --proxy`"), std::string::npos) << text;
}

TEST(Advice, ARewrittenPathIsToolHives) {
  EXPECT_NE(advice(kSse, answered(404)).find("ToolHive rewrites the path"), std::string::npos);
  EXPECT_EQ(advice(kTickets, answered(404)), "");
}

TEST(Advice, AToolHiveThatIsAwayIsNamed) {
  const Error error{Errc::not_found, "no route", Cause::no_route};
  EXPECT_NE(advice(kTickets, error).find("`thv serve`"), std::string::npos);
}

TEST(Advice, WordsOfTheServerItselfAreNoCause) {
  EXPECT_EQ(advice(kTickets, {Errc::unavailable, "it says: HTTP 502, connection refused"}), "");
}

TEST(Advice, CredentialsAreGivenWhereTheServerIsRun) {
  EXPECT_NE(advice(kTickets, answered(401)).find("`thv logs tickets --proxy`"), std::string::npos);
  EXPECT_NE(advice({"config", "x", "http", ""}, answered(401)).find("\"headers\""),
            std::string::npos);
}

TEST(Advice, WhatWasNotSentHadNoEffect) {
  const Error error{Errc::timeout, "no answer in time", Cause::not_reached};
  for (const AdviceSubject& server : {kTickets, AdviceSubject{"config", "x", "http", ""}}) {
    EXPECT_NE(advice(server, error).find("nothing was sent"), std::string::npos);
  }
}

TEST(Advice, OtherSourcesSpeakForThemselves) {
  const Error refused{Errc::unavailable, "nobody listens there", Cause::refused};
  EXPECT_EQ(advice({"config", "x", "sse", ""}, refused), "");
  EXPECT_EQ(advice(kTickets, {Errc::timeout, "no answer within 20 s"}), "");
}

}  // namespace
}  // namespace mcpo::upstream
