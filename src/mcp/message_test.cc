#include "mcp/message.h"

#include <gtest/gtest.h>

#include "mcp/protocol.h"

namespace mcpo::mcp {
namespace {

std::expected<Message, MessageError> parse(std::string text) {
  return parse_message(std::move(text), JsonLimits{});
}

TEST(Message, KeepsTheTypeOfIds) {
  EXPECT_EQ(parse(R"({"jsonrpc":"2.0","id":1,"method":"m"})")->id, "1");
  EXPECT_EQ(parse(R"({"jsonrpc":"2.0","id":"1","method":"m"})")->id, "\"1\"");
  EXPECT_EQ(parse(R"({"jsonrpc":"2.0","id":-99999999999999999999,"method":"m"})")->id,
            "-99999999999999999999");
}

TEST(Message, KindsAndSlices) {
  auto request = parse(R"( {"params":{"_meta":{"k":[1]}},"method":"m","id":1,"jsonrpc":"2.0"} )");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->kind, MessageKind::request);
  EXPECT_EQ(request->method, "m");
  EXPECT_EQ(request->meta("k")->text(), "[1]");
  EXPECT_FALSE(request->meta("other"));
  EXPECT_EQ(parse(R"({"jsonrpc":"2.0","method":"m"})")->kind, MessageKind::notification);
  auto result = parse(R"({"jsonrpc":"2.0","id":1,"result":null})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->kind, MessageKind::result);
  EXPECT_TRUE(result->result.is_null());
  auto error = parse(R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}})");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, MessageKind::error);
  EXPECT_EQ(error->id, "");
  EXPECT_EQ(error->error.find("code")->text(), "-1");
}

TEST(Message, NullParamsCountAsAbsent) {
  auto message = parse(R"({"jsonrpc":"2.0","id":1,"method":"m","params":null})");
  ASSERT_TRUE(message);
  EXPECT_FALSE(message->params);
}

TEST(Message, SlicesOutliveACopy) {
  std::optional<Message> message =
      *parse(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}})");
  Message copy = *message;
  message.reset();
  EXPECT_EQ(copy.params->text(), R"({"a":1})");
}

struct BadMessage {
  const char* text;
  int code;
  const char* id;
};
class BadMessages : public ::testing::TestWithParam<BadMessage> {};

TEST_P(BadMessages, AreRefusedWithTheIdWhereItCanBeRead) {
  auto message = parse(GetParam().text);
  ASSERT_FALSE(message) << GetParam().text;
  EXPECT_EQ(message.error().code, GetParam().code) << GetParam().text;
  EXPECT_EQ(message.error().id, GetParam().id) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadMessages,
    ::testing::Values(
        BadMessage{"", kParseError, ""}, BadMessage{"{", kParseError, ""},
        BadMessage{R"({"jsonrpc":"2.0","id":1,"method":"m"} x)", kParseError, ""},
        BadMessage{"[]", kInvalidRequest, ""}, BadMessage{"7", kInvalidRequest, ""},
        BadMessage{R"({"id":1,"method":"m"})", kInvalidRequest, "1"},
        BadMessage{R"({"jsonrpc":"1.0","id":1,"method":"m"})", kInvalidRequest, "1"},
        BadMessage{R"({"jsonrpc":"2.0","id":null,"method":"m"})", kInvalidRequest, ""},
        BadMessage{R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", kInvalidRequest, ""},
        BadMessage{R"({"jsonrpc":"2.0","id":1e3,"method":"m"})", kInvalidRequest, ""},
        BadMessage{R"({"jsonrpc":"2.0","id":{},"method":"m"})", kInvalidRequest, ""},
        BadMessage{R"({"jsonrpc":"2.0","id":"a","method":7})", kInvalidRequest, "\"a\""},
        BadMessage{R"({"jsonrpc":"2.0","id":1,"method":"m","params":7})", kInvalidRequest, "1"},
        BadMessage{R"({"jsonrpc":"2.0","id":1})", kInvalidRequest, "1"},
        BadMessage{R"({"jsonrpc":"2.0","result":{}})", kInvalidRequest, ""},
        BadMessage{R"({"jsonrpc":"2.0","id":1,"error":"x"})", kInvalidRequest, "1"},
        BadMessage{R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", kInvalidRequest, "1"}));

TEST(SplitBatch, GivesTheElementsAsTexts) {
  auto parts = split_batch(R"( [ {"a":[1,2]} , 7 ] )", JsonLimits{});
  ASSERT_TRUE(parts && *parts);
  EXPECT_EQ(**parts, (std::vector<std::string>{R"({"a":[1,2]})", "7"}));
}

TEST(SplitBatch, OtherTextsAreNoBatch) {
  EXPECT_EQ(*split_batch("{}", JsonLimits{}), std::nullopt);
  EXPECT_EQ(*split_batch("", JsonLimits{}), std::nullopt);
  EXPECT_EQ(split_batch("[]", JsonLimits{}).error().code, kInvalidRequest);
  EXPECT_EQ(split_batch("[1,", JsonLimits{}).error().code, kParseError);
}

TEST(Builders, LeaveOutWhatIsEmpty) {
  EXPECT_EQ(make_request("1", "m", ""), R"({"jsonrpc":"2.0","id":1,"method":"m"})");
  EXPECT_EQ(make_notification("m", "{}"), R"({"jsonrpc":"2.0","method":"m","params":{}})");
  EXPECT_EQ(make_result("\"a\"", "{}"), R"({"jsonrpc":"2.0","id":"a","result":{}})");
  EXPECT_EQ(make_error("", -1, "no"), R"({"jsonrpc":"2.0","error":{"code":-1,"message":"no"}})");
  EXPECT_EQ(make_error("1", -1, "no", "[2]"),
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"no","data":[2]}})");
}

}  // namespace
}  // namespace mcpo::mcp
