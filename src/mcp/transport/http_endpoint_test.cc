// What single requests get, as a table: the rules of the contract by number.
#include <gtest/gtest.h>

#include <ostream>

#include "mcp/transport/endpoint_harness.h"

namespace mcpo::mcp {
namespace {

struct Row {
  const char* rule;  // names the test
  const char* method;
  Fields fields;
  std::string body;
  int status;
  const char* contains;  // of the body
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.rule; }

class SingleRequests : public ::testing::TestWithParam<Row> {};

TEST_P(SingleRequests, AnswerByTheRules) {
  const Row& row = GetParam();
  EndpointHarness harness;
  Fields fields = row.fields;
  std::string session;
  for (auto& [name, value] : fields) {
    if (value == "LIVE") value = harness.open();
    if (value == "LIVE-25A") value = harness.open("2025-03-26");
  }
  Exchanged& got = harness.send(EndpointHarness::request(row.method, fields, row.body));
  EXPECT_TRUE(got.finished);
  EXPECT_EQ(got.status(), row.status) << got.body();
  if (*row.contains == '\0') {
    EXPECT_EQ(got.body(), "");
  } else {
    EXPECT_NE(got.body().find(row.contains), std::string::npos) << got.body();
  }
  if (!got.body().empty() && got.header("Content-Type") == "application/json") {
    EXPECT_TRUE(parse_json(got.body(), {})) << got.body();
    EXPECT_EQ(got.body().find("\"id\":null"), std::string::npos);  // S-19
  }
}

const auto kBody = [](std::string_view method, std::string_view params = "{}") {
  return R"({"jsonrpc":"2.0","id":7,"method":")" + std::string(method) + R"(","params":)" +
         std::string(params) + "}";
};
const auto kModern = &EndpointHarness::modern;
const auto kModernBody = [](std::string_view method, std::string_view params = "",
                            std::string_view meta = "") {
  return EndpointHarness::modern_body(method, params, meta);
};
Fields with(Fields fields, std::string name, std::string value) {
  for (auto& [key, old] : fields) {
    if (key == name) {
      old = std::move(value);
      return fields;
    }
  }
  fields.emplace_back(std::move(name), std::move(value));
  return fields;
}
const Fields kLive{{"Mcp-Session-Id", "LIVE"}, {"MCP-Protocol-Version", "2025-11-25"}};
const std::string kCall = R"("name":"echo","arguments":{"a":1},)";
const std::string kCancelled =
    R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}})";

const std::vector<Row> kTransportRows{
    {"S01_ParseError", "POST", {}, "{", 400, R"({"jsonrpc":"2.0","error":{"code":-32700)"},
    {"S01_NullId", "POST", kLive, R"({"jsonrpc":"2.0","id":null,"method":"ping"})", 400, "-32600"},
    {"S01_IdTypeKept", "POST", kLive, R"({"jsonrpc":"2.0","id":"7","method":"ping"})", 200,
     R"({"jsonrpc":"2.0","id":"7","result":{}})"},
    {"S03_BatchOutside25a", "POST", kLive, "[" + kBody("ping") + "]", 400, "-32600"},
    {"S03_BatchIn25a",
     "POST",
     {{"Mcp-Session-Id", "LIVE-25A"}},
     "[" + kBody("ping") + "," + kCancelled + "," + kBody("nope") + "]",
     200,
     R"([{"jsonrpc")"},
    {"S03_BatchOfNotifications",
     "POST",
     {{"Mcp-Session-Id", "LIVE-25A"}},
     "[" + kCancelled + "]",
     202,
     ""},
    {"S03_NoInitializeInBatch",
     "POST",
     {{"Mcp-Session-Id", "LIVE-25A"}},
     "[" + kBody("initialize", R"({"protocolVersion":"2025-03-26"})") + "]",
     200,
     "-32600"},
    {"S20_EvilOrigin", "POST", {{"Origin", "http://evil.example"}}, kBody("ping"), 403, "error"},
    {"S20_NullOrigin", "POST", {{"Origin", "null"}}, kBody("ping"), 403, "error"},
    {"S20_OriginThatOnlyBeginsLikeLoopback",
     "POST",
     {{"Origin", "http://localhost.evil.example"}},
     kBody("ping"),
     403,
     "error"},
    {"S20_LoopbackOrigin",
     "POST",
     {{"Origin", "http://localhost:6274"}, {"Mcp-Session-Id", "LIVE"}},
     kBody("ping"),
     200,
     "{}"},
    {"S21_EvilHost", "POST", {{"Host", "evil.example"}}, kBody("ping"), 403, "error"},
    {"S21_Ipv6Host",
     "POST",
     {{"Host", "[::1]:9900"}, {"Mcp-Session-Id", "LIVE"}},
     kBody("ping"),
     200,
     "{}"},
    {"S23_NotificationGets202", "POST", kLive,
     R"({"jsonrpc":"2.0","method":"notifications/initialized"})", 202, ""},
    {"S23_ResponseGets202", "POST", kLive, R"({"jsonrpc":"2.0","id":1,"result":{}})", 202, ""},
    {"S23_ModernNotificationGets202", "POST", kModern("notifications/cancelled", ""), kCancelled,
     202, ""},
    {"S23_ModernResponseIsRefused", "POST", kModern("x", ""),
     R"({"jsonrpc":"2.0","id":1,"result":{}})", 400, "-32600"},
    {"S24_ContentType", "POST", {{"Content-Type", "text/plain"}}, kBody("ping"), 415, "error"},
    {"S24_ContentTypeAnyCase",
     "POST",
     {{"Content-Type", "Application/JSON; charset=utf-8"}, {"Mcp-Session-Id", "LIVE"}},
     kBody("ping"),
     200,
     "{}"},
    {"S24_AcceptOnlyJson", "POST", {{"Accept", "application/json"}}, kBody("ping"), 406, "error"},
    {"S24_AcceptWildcards",
     "POST",
     {{"Accept", "application/*;q=0.9, Text/*"}, {"Mcp-Session-Id", "LIVE"}},
     kBody("ping"),
     200,
     "{}"},
    {"S22_OtherMethod", "PUT", {}, "", 405, "error"},
};

const std::vector<Row> kLegacyRows{
    {"S10_EchoesTheVersion",
     "POST",
     {},
     kBody("initialize", R"({"protocolVersion":"2025-03-26"})"),
     200,
     R"("protocolVersion":"2025-03-26")"},
    {"S10_OffersTheNewestLegacy",
     "POST",
     {},
     kBody("initialize", R"({"protocolVersion":"2026-07-28"})"),
     200,
     R"("protocolVersion":"2025-11-25")"},
    {"S10_WithoutVersion", "POST", {}, kBody("initialize"), 200, "-32602"},
    {"S13_Ping", "POST", kLive, kBody("ping"), 200, R"({"jsonrpc":"2.0","id":7,"result":{}})"},
    {"S27_WithoutSession", "POST", {}, kBody("tools/list"), 400, R"("id":7)"},
    {"S27_DeadSession",
     "POST",
     {{"Mcp-Session-Id", "dead"}},
     kBody("tools/list"),
     404,
     R"("id":7)"},
    {"S27_DeadSessionWithModernKeys",
     "POST",
     {{"Mcp-Session-Id", "dead"}, {"MCP-Protocol-Version", "2025-11-25"}},
     kModernBody("tools/list"),
     404,
     "Session not found"},
    {"S28_DeleteOfDead", "DELETE", {{"Mcp-Session-Id", "dead"}}, "", 404, "error"},
    {"S29_GetWantsEventStream", "GET", with(kLive, "Accept", "application/json"), "", 406, "error"},
    {"S34_UnknownVersion",
     "POST",
     {{"Mcp-Session-Id", "LIVE"}, {"MCP-Protocol-Version", "1999-01-01"}},
     kBody("ping"),
     400,
     "1999-01-01"},
    {"S34_OtherLegacyVersionIsTolerated",
     "POST",
     {{"Mcp-Session-Id", "LIVE"}, {"MCP-Protocol-Version", "2025-06-18"}},
     kBody("ping"),
     200,
     "{}"},
    {"P02_LiveSessionOutranksMeta", "POST", kLive, kModernBody("ping"), 200, R"("result":{})"},
    {"S56_ToolsList", "POST", kLive, kBody("tools/list"), 200,
     R"("result":{"tools":[{"name":"echo")"},
    {"S61_UnknownTool", "POST", kLive, kBody("tools/call", R"({"name":"nope"})"), 200,
     R"("code":-32602,"message":"Unknown tool: nope. Use find_tool.")"},
    {"S61_CallWithoutName", "POST", kLive, kBody("tools/call"), 200, "-32602"},
    {"S61_ArgumentsNoObject", "POST", kLive,
     kBody("tools/call", R"({"name":"echo","arguments":[]})"), 200, "-32602"},
    {"S61_CallWithoutArguments", "POST", kLive, kBody("tools/call", R"({"name":"echo"})"), 200,
     R"("text":"{}")"},
    {"S69_SetLevel", "POST", kLive, kBody("logging/setLevel", R"({"level":"notice"})"), 200,
     R"("result":{})"},
    {"S69_SetUnknownLevel", "POST", kLive, kBody("logging/setLevel", R"({"level":"loud"})"), 200,
     "-32602"},
    {"S70_BadCursor", "POST", kLive, kBody("tools/list", R"({"cursor":""})"), 200, "-32602"},
    {"UnknownMethod", "POST", kLive, kBody("nope"), 200, "-32601"},
    {"FailureIsAnInternalError", "POST", kLive, kBody("tools/call", R"({"name":"fail"})"), 200,
     R"("code":-32603,"message":"no server")"},
    {"ExceptionIsAnInternalError", "POST", kLive, kBody("tools/call", R"({"name":"throw"})"), 200,
     R"("code":-32603,"message":"Internal error")"},
};

const std::vector<Row> kModernRows{
    {"S04_ResultTypeAndServerInfo", "POST", kModern("tools/call", "echo"),
     kModernBody("tools/call", kCall), 200,
     R"("resultType":"complete","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"mcp-optimizer")"},
    {"S36_NoVersionHeader",
     "POST",
     {{"Mcp-Method", "tools/list"}},
     kModernBody("tools/list"),
     400,
     "-32020"},
    {"S36_VersionDiffers", "POST",
     with(kModern("tools/list", ""), "MCP-Protocol-Version", "2025-11-25"),
     kModernBody("tools/list"), 400, "-32020"},
    {"S36_NoMethodHeader",
     "POST",
     {{"MCP-Protocol-Version", "2026-07-28"}},
     kModernBody("tools/list"),
     400,
     R"("id":"m1","error":{"code":-32020)"},
    {"S36_MethodDiffers", "POST", kModern("tools/call", "echo"), kModernBody("tools/list"), 400,
     "-32020"},
    {"S36_MethodCaseMatters", "POST", kModern("Tools/List", ""), kModernBody("tools/list"), 400,
     "-32020"},
    {"S36_NoNameHeader", "POST", kModern("tools/call", ""), kModernBody("tools/call", kCall), 400,
     "-32020"},
    {"S36_NameDiffers", "POST", kModern("tools/call", "other"), kModernBody("tools/call", kCall),
     400, "-32020"},
    {"S36_NoMeta", "POST", kModern("tools/list", ""), kBody("tools/list"), 400, "-32602"},
    {"S36_NoCapabilities", "POST", kModern("tools/list", ""),
     R"({"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{)"
     R"("io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})",
     400, "-32602"},
    {"S37_EncodedName", "POST", kModern("tools/call", "=?base64?ZWNobw==?="),
     kModernBody("tools/call", kCall), 200, "complete"},
    {"S37_MalformedName", "POST", kModern("tools/call", "=?base64?%%?="),
     kModernBody("tools/call", kCall), 400, "-32020"},
    {"S38_NoParameterHeader", "POST", kModern("tools/call", "header"),
     kModernBody("tools/call", R"("name":"header","arguments":{"region":"eu"},)"), 400, "-32020"},
    {"S38_ParameterHeader", "POST", with(kModern("tools/call", "header"), "Mcp-Param-Region", "eu"),
     kModernBody("tools/call", R"("name":"header","arguments":{"region":"eu"},)"), 200, "complete"},
    {"S38_HeaderWithoutArgument", "POST",
     with(kModern("tools/call", "header"), "Mcp-Param-Region", "eu"),
     kModernBody("tools/call", R"("name":"header",)"), 400, "-32020"},
    {"S38_UnknownParameterHeader", "POST", with(kModern("tools/call", "echo"), "Mcp-Param-X", "1"),
     kModernBody("tools/call", kCall), 200, "complete"},
    {"S39_UnsupportedVersion",
     "POST",
     {{"MCP-Protocol-Version", "2099-01-01"}, {"Mcp-Method", "tools/list"}},
     R"({"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":{)"
     R"("io.modelcontextprotocol/protocolVersion":"2099-01-01",)"
     R"("io.modelcontextprotocol/clientCapabilities":{}}}})",
     400,
     R"("data":{"supported":["2026-07-28"],"requested":"2099-01-01"})"},
    {"S40_UnknownMethod", "POST", kModern("nope", ""), kModernBody("nope"), 404, "-32601"},
    {"S40_PingIsGone", "POST", kModern("ping", ""), kModernBody("ping"), 404, "-32601"},
    {"S40_SetLevelIsGone", "POST", kModern("logging/setLevel", ""), kModernBody("logging/setLevel"),
     404, "-32601"},
    {"S42_Get",
     "GET",
     {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Session-Id", "LIVE"}},
     "",
     405,
     "error"},
    {"S42_Delete", "DELETE", {{"MCP-Protocol-Version", "2026-07-28"}}, "", 405, "error"},
    {"S42_GetWithoutAnything", "GET", {}, "", 405, "error"},
    {"S42_SessionIdIsIgnored", "POST", with(kModern("tools/list", ""), "Mcp-Session-Id", "LIVE"),
     kModernBody("tools/list"), 200, "resultType"},
    {"S46_Discover", "POST", kModern("server/discover", ""), kModernBody("server/discover"), 200,
     R"("supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"instructions":)"},
    {"S47_UnknownTool", "POST", kModern("tools/call", "nope"),
     kModernBody("tools/call", R"("name":"nope",)"), 200, "-32602"},
    {"S47_BadCursor", "POST", kModern("tools/list", ""),
     kModernBody("tools/list", R"("cursor":"x",)"), 200, "-32602"},
    {"S71_ListIsCacheable", "POST", kModern("tools/list", ""), kModernBody("tools/list"), 200,
     R"("ttlMs":300000,"cacheScope":"private","resultType":"complete")"},
    {"S48_ListenWithoutFilter", "POST", kModern("subscriptions/listen", ""),
     kModernBody("subscriptions/listen"), 200, "-32602"},
};

const auto kRuleName = [](const auto& info) { return std::string(info.param.rule); };
INSTANTIATE_TEST_SUITE_P(Transport, SingleRequests, ::testing::ValuesIn(kTransportRows), kRuleName);
INSTANTIATE_TEST_SUITE_P(Legacy, SingleRequests, ::testing::ValuesIn(kLegacyRows), kRuleName);
INSTANTIATE_TEST_SUITE_P(Modern, SingleRequests, ::testing::ValuesIn(kModernRows), kRuleName);

}  // namespace
}  // namespace mcpo::mcp
