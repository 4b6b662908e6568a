#include "mcp/client/era.h"

#include <gtest/gtest.h>

#include "mcp/client/http_answer.h"
#include "mcp/protocol.h"

namespace mcpo::mcp {
namespace {

Result<Message> answer(const std::string& text) { return parse_message(text, {}).value(); }
Result<Message> error(int code, const std::string& data = "") {
  return answer(make_error("1", code, "no", data));
}

using Kind = EraVerdict::Kind;

TEST(Era, DiscoverResultIsModern) {
  const auto verdict =
      decide_era(answer(make_result("1", R"({"supportedVersions":["2025-11-25","2026-07-28"]})")),
                 ProbeChannel::http);
  EXPECT_EQ(verdict.kind, Kind::modern);
  EXPECT_EQ(verdict.version, kVersion2026_07);
}

TEST(Era, ResultWithoutAVersionOfOursIsLegacy) {
  for (const char* result : {"{}", R"({"supportedVersions":["2031-01-01"]})", "7"}) {
    EXPECT_EQ(decide_era(answer(make_result("1", result)), ProbeChannel::stdio).kind, Kind::legacy);
  }
}

TEST(Era, UnsupportedVersionWithACommonOneIsAskedAgain) {
  const auto verdict =
      decide_era(error(kUnsupportedVersion, R"({"supported":["2026-07-28"]})"), ProbeChannel::http);
  EXPECT_EQ(verdict.kind, Kind::ask_again);
  EXPECT_EQ(verdict.version, kVersion2026_07);
  EXPECT_EQ(
      decide_era(error(kUnsupportedVersion, R"({"supported":["2025-11-25"]})"), ProbeChannel::http)
          .kind,
      Kind::legacy);
}

TEST(Era, OtherModernErrorsAreModernAllOthersLegacy) {
  EXPECT_EQ(decide_era(error(kHeaderMismatch), ProbeChannel::http).kind, Kind::modern);
  EXPECT_EQ(decide_era(error(kMissingCapability), ProbeChannel::http).kind, Kind::modern);
  for (int code : {kMethodNotFound, kInvalidRequest, kInvalidParams, kInternalError, -32000, 5}) {
    EXPECT_EQ(decide_era(error(code), ProbeChannel::http).kind, Kind::legacy) << code;
  }
}

TEST(Era, SilenceOfAChildIsLegacyOverHttpItIsNoEvidence) {
  for (Errc code : {Errc::timeout, Errc::unavailable}) {
    EXPECT_EQ(decide_era(fail(code, "x"), ProbeChannel::stdio).kind, Kind::legacy);
    EXPECT_EQ(decide_era(fail(code, "x"), ProbeChannel::http).kind, Kind::no_evidence);
  }
  EXPECT_EQ(decide_era(fail(Errc::denied, "401"), ProbeChannel::http).kind, Kind::no_evidence);
  EXPECT_EQ(decide_era(fail(Errc::cancelled, ""), ProbeChannel::stdio).kind, Kind::no_evidence);
}

TEST(Era, RefusalOfTheRequestItselfIsLegacy) {
  for (Errc code : {Errc::not_found, Errc::invalid, Errc::corrupt}) {
    EXPECT_EQ(decide_era(fail(code, "x"), ProbeChannel::http).kind, Kind::legacy);
  }
}

struct StatusCase {
  int status;
  const char* type;
  Errc code;
  const char* message;
};

TEST(HttpAnswer, StatusesInWords) {
  const StatusCase cases[] = {
      {401, "", Errc::denied, "answers HTTP 401 Unauthorized: needs credentials"},
      {404, "", Errc::not_found,
       "answers HTTP 404 Not Found: there is no MCP endpoint at this URL"},
      {400, "", Errc::invalid, "answers HTTP 400 Bad Request"},
      {500, "", Errc::unavailable, "answers HTTP 500 Internal Server Error"},
      {302, "", Errc::unavailable,
       "answers HTTP 302 Found: it redirects; configure the URL that it leads to"},
      {200, "text/html; charset=utf-8", Errc::corrupt,
       "answers with text/html instead of JSON or an event stream: is this an MCP endpoint?"},
  };
  for (const StatusCase& one : cases) {
    const Error error = to_error(one.status, {{"Content-Type", one.type}});
    EXPECT_EQ(error.code, one.code) << one.status;
    EXPECT_EQ(error.message, one.message);
    EXPECT_EQ(error.http_status, one.status);
  }
}

}  // namespace
}  // namespace mcpo::mcp
