#include "mcp/x_mcp_header.h"

#include <gtest/gtest.h>

namespace mcpo::mcp {
namespace {

RawJson json(std::string_view text) { return RawJson::trusted(text); }

TEST(HeaderValue, RoundTripsWhatFieldsCannotCarry) {
  for (std::string value : {"plain value", "", " edge", "Zürich", "=?base64?eA==?=", "a\nb"}) {
    const std::string encoded = encode_header_value(value);
    EXPECT_EQ(decode_header_value(encoded), value);
    EXPECT_EQ(encoded == value, value == "plain value");
  }
}

TEST(HeaderValue, RefusesMalformedSentinels) {
  EXPECT_FALSE(decode_header_value("=?base64?%%?="));
  EXPECT_FALSE(decode_header_value("=?base64?/w==?="));                  // 0xff: no UTF-8
  EXPECT_EQ(decode_header_value("=?BASE64?eA==?="), "=?BASE64?eA==?=");  // markers are lower case
}

TEST(HeaderParameters, FindsNestedProperties) {
  auto found =
      header_parameters(json(R"({"type":"object","properties":{"a":{"type":"object","properties":{
           "b":{"type":"string","x-mcp-header":"Region"}}},"n":{"type":"integer"}}})"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ((*found)[0].header, "Mcp-Param-Region");
  EXPECT_EQ((*found)[0].path, (std::vector<std::string>{"a", "b"}));
}

TEST(HeaderParameters, RefusesBadDeclarations) {
  for (const char* property :
       {R"("a":{"type":"string","x-mcp-header":""})",
        R"("a":{"type":"string","x-mcp-header":"b c"})",
        R"("a":{"type":"number","x-mcp-header":"N"})", R"("a":{"x-mcp-header":"N"})",
        R"("a":{"type":"string","x-mcp-header":7})",
        R"("a":{"items":{"type":"string","x-mcp-header":"N"}})",
        R"("a":{"anyOf":[{"properties":{"b":{"type":"string","x-mcp-header":"N"}}}]})",
        R"("a":{"type":"string","x-mcp-header":"N"},"b":{"type":"string","x-mcp-header":"n"})"}) {
    const std::string schema = R"({"properties":{)" + std::string(property) + "}}";
    EXPECT_FALSE(header_parameters(json(schema))) << schema;
  }
  EXPECT_TRUE(header_parameters(json(R"({"properties":{"x-mcp-header":{"type":"string"}}})")));
}

TEST(HeaderAgrees, ComparesByValue) {
  const HeaderParameter parameter{"Mcp-Param-X", {"x"}};
  EXPECT_TRUE(header_agrees(json(R"({"x":"a"})"), parameter, "a"));
  EXPECT_TRUE(header_agrees(json(R"({"x":"ü"})"), parameter, encode_header_value("ü")));
  EXPECT_TRUE(header_agrees(json(R"({"x":42})"), parameter, "42.0"));
  EXPECT_TRUE(header_agrees(json(R"({"x":true})"), parameter, "true"));
  EXPECT_TRUE(header_agrees(json(R"({"x":null})"), parameter, std::nullopt));
  EXPECT_TRUE(header_agrees(json("{}"), parameter, std::nullopt));
  EXPECT_FALSE(header_agrees(json("{}"), parameter, "a"));
  EXPECT_FALSE(header_agrees(json(R"({"x":"a"})"), parameter, std::nullopt));
  EXPECT_FALSE(header_agrees(json(R"({"x":"a"})"), parameter, "A"));
  EXPECT_FALSE(header_agrees(json(R"({"x":"a"})"), parameter, "=?base64?%?="));
}

}  // namespace
}  // namespace mcpo::mcp
