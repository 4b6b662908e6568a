#include "base/json.h"

#include <gtest/gtest.h>

namespace mcpo {
namespace {

RawJson parsed(std::string_view text) {
  auto result = parse_json(text, {});
  EXPECT_TRUE(result.has_value()) << text << ": " << result.error().message;
  return result.value_or(RawJson());
}

TEST(Json, AcceptsWhatTheGrammarAllows) {
  for (const char* text : {"null", "true", "false", "0", "-0", "1.5", "-12.25e+3", "1E400", "\"\"",
                           "\"\\u00e9\\n\"", "[]", "{}", " [ 1 , [ ] , { \"a\" : null } ] ",
                           "{\"a\":{\"b\":[1,2,{}]}}", "\"\xF0\x9F\x98\x80\""}) {
    EXPECT_TRUE(parse_json(text, {}).has_value()) << text;
  }
}

TEST(Json, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "nul",
                           "truee",
                           "01",
                           "1.",
                           ".5",
                           "1e",
                           "+1",
                           "-",
                           "0x1",
                           "NaN",
                           "'a'",
                           "\"a",
                           "\"\n\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "[",
                           "]",
                           "[1,]",
                           "[1 2]",
                           "{",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "1 2",
                           "[1]]",
                           "\"\xFF\"",
                           "\"\xC0\xAF\"",
                           "\"\xED\xA0\x80\"",
                           "\"\\"}) {
    EXPECT_FALSE(parse_json(text, {}).has_value()) << text;
  }
}

TEST(Json, ErrorsSayWhere) {
  const auto error = parse_json("{\n  \"a\": tru\n}", {}).error();
  EXPECT_EQ(error.code, Errc::invalid);
  EXPECT_EQ(error.message, "line 2, column 8: this is not a JSON value");
}

TEST(Json, EveryPrefixOfADocumentIsRefusedWithoutHarm) {
  const std::string text = R"({"a":[1,-2.5e3,"x\u00e9\"y",true,null,{"b":{}}],"c":"é"})";
  for (std::size_t size = 0; size < text.size(); ++size) {
    const std::string prefix = text.substr(0, size);
    EXPECT_FALSE(parse_json(prefix, {}).has_value()) << prefix;
  }
}

TEST(Json, DepthAndSizeHaveLimits) {
  const std::string deep = std::string(10, '[') + std::string(10, ']');
  EXPECT_TRUE(parse_json(deep, {.max_depth = 10}).has_value());
  EXPECT_EQ(parse_json(deep, {.max_depth = 9}).error().code, Errc::too_large);
  EXPECT_EQ(parse_json("[1,2]", {.max_bytes = 4}).error().code, Errc::too_large);
}

TEST(Json, ValuesAreSlicesOfTheText) {
  const RawJson doc = parsed(
      R"( {"big":123456789012345678901234567890,"one":1.0 ,"huge":1e400,"esc":"\u0041\/"} )");
  EXPECT_EQ(doc.find("big")->text(), "123456789012345678901234567890");
  EXPECT_EQ(doc.find("one")->text(), "1.0");
  EXPECT_EQ(doc.find("huge")->text(), "1e400");
  EXPECT_EQ(doc.find("esc")->text(), R"("\u0041\/")");
  EXPECT_EQ(doc.find("esc")->as_string(), "A/");
  EXPECT_FALSE(doc.find("none").has_value());
}

TEST(Json, MembersAndElementsInOrder) {
  const RawJson doc = parsed(R"({ "a" : 1 , "b\u0062" : [ true , "x,]" , { } ] , "a" : 3 })");
  std::vector<std::string> names;
  for (const auto& member : doc.members()) names.push_back(member.name());
  EXPECT_EQ(names, (std::vector<std::string>{"a", "bb", "a"}));
  EXPECT_EQ(doc.find("a")->text(), "1");
  EXPECT_EQ(doc.size(), 3u);
  std::vector<std::string> elements;
  for (RawJson element : doc.find("bb")->elements()) elements.emplace_back(element.text());
  EXPECT_EQ(elements, (std::vector<std::string>{"true", "\"x,]\"", "{ }"}));
  EXPECT_EQ(duplicate_members(doc), std::vector<std::string>{"a"});
}

TEST(Json, IntegersOnlyWhereExact) {
  EXPECT_EQ(parsed("7").as_int64(), 7);
  EXPECT_EQ(parsed("7.0").as_int64(), 7);
  EXPECT_EQ(parsed("7e2").as_int64(), 700);
  EXPECT_EQ(parsed("-9223372036854775808").as_int64(), INT64_MIN);
  EXPECT_EQ(parsed("9223372036854775808").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("7.5").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("\"7\"").as_int64(), std::nullopt);
}

TEST(Json, IntegersWithPointOrExponentAreNotRounded) {
  EXPECT_EQ(parsed("9007199254740993.0").as_int64(), 9007199254740993);
  EXPECT_EQ(parsed("9223372036854775807.000").as_int64(), INT64_MAX);
  EXPECT_EQ(parsed("-9.223372036854775808E+18").as_int64(), INT64_MIN);
  EXPECT_EQ(parsed("9.223372036854775808e18").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("10000000000000000000000e-3").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("10000000000000000000e-3").as_int64(), 10000000000000000);
  EXPECT_EQ(parsed("0.0120e3").as_int64(), 12);
  EXPECT_EQ(parsed("7.00000000000000000001").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("12e-1").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("1e400").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("1e99999999999999999999").as_int64(), std::nullopt);
  EXPECT_EQ(parsed("-0.0").as_int64(), 0);
  EXPECT_EQ(parsed("0e99999999999999999999").as_int64(), 0);
}

TEST(Json, StringsAreUnescaped) {
  EXPECT_EQ(parsed(R"("a\"\\\/\b\f\n\r\t")").as_string(), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(parsed(R"("\ud83d\ude00")").as_string(), "\xF0\x9F\x98\x80");
  EXPECT_EQ(parsed(R"("\ud83d")").as_string(), "\xEF\xBF\xBD");
  EXPECT_EQ(parsed(R"("\ude00\ud83dx")").as_string(), "\xEF\xBF\xBD\xEF\xBF\xBDx");
}

TEST(Json, CommentsBecomeSpacesAndPositionsStay) {
  const std::string text = "{ // one\n \"a\": \"// no\", /* two\n*/ \"b\": [1,2,],\n}";
  const std::string plain = without_comments(text);
  EXPECT_EQ(plain.size(), text.size());
  const RawJson doc = parsed(plain);
  EXPECT_EQ(doc.find("a")->as_string(), "// no");
  EXPECT_EQ(doc.find("b")->size(), 2u);
  for (const char* odd : {"/", "//", "/*", "\"", "\"\\", "[1,", ",]"}) (void)without_comments(odd);
}

TEST(Json, OnlyATrailingCommaIsForgiven) {
  for (const char* text : {"[1,]", "{\"a\":1,}", "[\"x\" , // why\n ]", "[[],]", "[1/**/,/**/]"}) {
    EXPECT_TRUE(parse_json(without_comments(text), {}).has_value()) << text;
  }
  for (const char* text : {"[,]", "{,}", "[1,,]", "[,,]", "[,1]", "{\"a\":,}", "[1],", ",[]"}) {
    EXPECT_FALSE(parse_json(without_comments(text), {}).has_value()) << text;
  }
}

TEST(Json, ACommentWithoutEndIsAnErrorAtItsStart) {
  const std::string plain = without_comments("{}\n  /* lost");
  const auto parsed_text = parse_json(plain, {});
  ASSERT_FALSE(parsed_text.has_value());
  EXPECT_EQ(parsed_text.error().message,
            "line 2, column 3: there is something after the JSON value");
  EXPECT_TRUE(parse_json(without_comments("{} // lost"), {}).has_value());
}

TEST(Json, DuplicatesEachOnceInOrderOfTheirSecondOccurrence) {
  const RawJson doc = parsed(R"({"a":1,"b":2,"c":3,"\u0062":4,"a":5,"b":6,"x":{"y":1,"y":2}})");
  EXPECT_EQ(duplicate_members(doc), (std::vector<std::string>{"b", "a"}));
  EXPECT_TRUE(duplicate_members(parsed("[1,1]")).empty());
}

TEST(Json, MinifiedKeepsStrings) {
  EXPECT_EQ(minified(parsed("{ \"a b\" : [ 1 , \" \\\" x \" ] }")), R"({"a b":[1," \" x "]})");
}

TEST(Json, WriterPutsCommasAndEscapes) {
  JsonWriter w;
  w.begin_object().member("a", "x\"\n\x01").member_number("n", -5).key("list").begin_array();
  w.number(0.5).boolean(true).null().raw("1e400").end_array().member_bool("b", false).end_object();
  EXPECT_EQ(w.text(),
            "{\"a\":\"x\\\"\\n\\u0001\",\"n\":-5,\"list\":[0.5,true,null,1e400],\"b\":false}");
  EXPECT_EQ(json_string("bad \xFF end"), "\"bad \xEF\xBF\xBD end\"");
}

TEST(Json, WhatIsWrittenIsReadAgain) {
  std::string text;
  for (int c = 0; c < 256; ++c) text.push_back(static_cast<char>(c % 128));
  text += "é😀";
  EXPECT_EQ(parsed(json_string(text)).as_string(), text);
}

}  // namespace
}  // namespace mcpo
