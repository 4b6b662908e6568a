#include "mcp/tool.h"

#include <gtest/gtest.h>

#include "mcp/connection_spec.h"
#include "mcp/result_relay.h"
#include "mcp/token_count.h"

namespace mcpo::mcp {
namespace {

RawJson json(std::string_view text) { return RawJson::trusted(text); }

TEST(ToolPage, KeepsDefinitionsByteForByteButForSpace) {
  auto page = parse_tool_page(json(R"({"tools":[{ "name" : "a", "inputSchema" : {"n":1.0} ,
      "description":"d\u00e9", "annotations":{"title":"T"}}],"nextCursor":"","ttlMs":5})"));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->tools.size(), 1U);
  EXPECT_EQ(page->tools[0].json, R"({"name":"a","inputSchema":{"n":1.0},"description":"d\u00e9",)"
                                 R"("annotations":{"title":"T"}})");
  EXPECT_EQ(page->tools[0].title, "T");
  EXPECT_EQ(page->tools[0].description, "dé");
  EXPECT_EQ(page->next_cursor, "");  // a cursor like any other
  EXPECT_EQ(page->ttl_ms, 5);
  EXPECT_TRUE(page->problems.empty());
}

TEST(ToolPage, RepairsAndReportsBadDefinitions) {
  auto page = parse_tool_page(
      json(R"({"tools":[7,{"name":""},{"name":"a"},{"inputSchema":[],"name":"b"}],"ttlMs":-1})"));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->tools.size(), 2U);
  EXPECT_EQ(page->tools[0].json, R"({"name":"a","inputSchema":{"type":"object"}})");
  EXPECT_EQ(page->tools[1].json, R"({"name":"b","inputSchema":{"type":"object"}})");
  EXPECT_EQ(page->problems.size(), 4U);
  EXPECT_FALSE(page->next_cursor);
  EXPECT_FALSE(page->ttl_ms);
}

TEST(ToolPage, WithoutToolsIsCorrupt) {
  EXPECT_EQ(parse_tool_page(json("{}")).error().code, Errc::corrupt);
  EXPECT_EQ(parse_tool_page(json("7")).error().code, Errc::corrupt);
}

TEST(ParameterTexts, WalksNestedSchemas) {
  auto texts = parameter_texts(json(R"({"inputSchema":{"properties":{
      "repo":{"description":"a repository"},
      "state":{"enum":["open","closed",3]},
      "filter":{"anyOf":[{"properties":{"label":{"description":"its label"}}},{"type":"null"}]},
      "ids":{"items":{"description":"one id"}}}}})"));
  EXPECT_EQ(texts.names, "repo state filter label ids");
  EXPECT_EQ(texts.texts, "a repository open closed its label one id");
}

TEST(ParameterTexts, StopsAtTheDepth) {
  auto texts = parameter_texts(
      json(R"({"inputSchema":{"properties":{"a":{"properties":{"b":{"properties":{"c":{}}}}}}}})"),
      2);
  EXPECT_EQ(texts.names, "a b");
}

TEST(RelayResult, PassesForeignMembersByteForByte) {
  const char* text = R"({"content":[],"x\u0041":1e400,"_meta":{"com.example/a":1}})";
  EXPECT_EQ(relay_result(json(text), Era::legacy, Era::legacy), text);
  EXPECT_EQ(relay_result(json(text), Era::legacy, Era::modern), text);
}

TEST(RelayResult, DropsWhatBelongsToTheOtherHop) {
  EXPECT_EQ(relay_result(json(R"({"resultType":"complete","content":[],"x\u0041":1,"_meta":{)"
                              R"("io.modelcontextprotocol/serverInfo":{},"a":1,)"
                              R"("io.modelcontextprotocol/related-task":{"taskId":"t"}}})"),
                         Era::modern, Era::legacy),
            R"({"content":[],"x\u0041":1,"_meta":{"a":1,)"
            R"("io.modelcontextprotocol/related-task":{"taskId":"t"}}})");
  EXPECT_EQ(
      relay_result(json(R"({"content":[],"_meta":{"io.modelcontextprotocol/serverInfo":{}}})"),
                   Era::modern, Era::modern),
      R"({"content":[]})");
}

TEST(RelayResult, WrapsStructuredContentForLegacyClients) {
  EXPECT_EQ(
      relay_result(json(R"({"content":[],"structuredContent":[1]})"), Era::modern, Era::legacy),
      R"({"structuredContent":{"result":[1]},"content":[{"type":"text","text":"[1]"}]})");
  const char* object = R"({"content":[],"structuredContent":{"a":1}})";
  EXPECT_EQ(relay_result(json(object), Era::modern, Era::legacy), object);
}

TEST(RelayResult, NoObjectIsAnError) {
  EXPECT_EQ(json(relay_result(json("7"), Era::modern, Era::legacy)).find("isError")->text(),
            "true");
}

TEST(RelayDefinition, DropsExecution) {
  EXPECT_EQ(relay_definition(json(R"({"name":"a","execution":{},"x":1})")),
            R"({"name":"a","x":1})");
}

TEST(RelayRequestMeta, KeepsVendorAndTraceKeys) {
  EXPECT_EQ(relay_request_meta(json(R"({"_meta":{"progressToken":1,"traceparent":"t",)"
                                    R"("io.modelcontextprotocol/clientInfo":{}}})")),
            R"({"traceparent":"t"})");
  EXPECT_EQ(relay_request_meta(json(R"({"_meta":{"progressToken":1}})")), "");
  EXPECT_EQ(relay_request_meta(json("{}")), "");
}

TEST(TokenCount, IsNearToClOneHundredK) {
  // Counted with cl100k_base.
  EXPECT_EQ(estimate_tokens(""), 0);
  EXPECT_NEAR(
      static_cast<double>(estimate_tokens(
          R"({"name":"create_issue","description":"Create a new issue in a repository."})")),
      17, 3);
}

TEST(ConnectionSpec, FingerprintsDifferAndDescriptionsHideSecrets) {
  StdioSpec one{"npx", {"a", "b"}, {{"TOKEN", "secret"}}, ""};
  StdioSpec two = one;
  two.args = {"ab"};
  EXPECT_NE(fingerprint_text(one), fingerprint_text(two));
  EXPECT_EQ(fingerprint_text(one), fingerprint_text(StdioSpec(one)));
  EXPECT_EQ(describe(one), "stdio: npx");
  EXPECT_EQ(transport_name(one), "stdio");
  HttpSpec web{{"https", "", "host", 443, "/p"}, {}, HttpKind::sse};
  EXPECT_EQ(transport_name(web), "sse");
  web.kind = HttpKind::detect;
  EXPECT_EQ(transport_name(web), "streamable-http");
}

}  // namespace
}  // namespace mcpo::mcp
