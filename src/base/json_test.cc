#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <utility>

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

// The scanners take eight bytes at a time: every place within a word must be seen.
TEST(Json, StringsEndWhereTheyEndAtEveryAlignment) {
  for (std::size_t before = 0; before < 20; ++before) {
    for (std::size_t after = 0; after < 20; ++after) {
      const std::string left(before, 'x');
      const std::string right(after, 'y');
      for (std::string_view middle : {"", "\\\"", "\\\\", "\xC3\xA9", "]", "\x7F", "\\u0022"}) {
        const std::string one = "\"" + left + std::string(middle) + right + "\"";
        const std::string text = "[" + one + "," + one + "]";
        const RawJson doc = parsed(text);
        ASSERT_EQ(doc.size(), 2u) << text;
        for (RawJson element : doc.elements()) EXPECT_EQ(element.text(), one);
      }
      for (char bad : {'\x1F', '\n', '\0', '\xFF', '\x80'}) {
        const std::string text = "\"" + left + std::string(1, bad) + right + "\"";
        EXPECT_FALSE(parse_json(text, {}).has_value()) << before << " " << after << " " << int{bad};
      }
    }
  }
}

TEST(Json, ErrorsOfEveryKindNameTheirPlace) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "line 1, column 1: the text ends where a value is expected"},
      {"[1,\n\n  x]", "line 3, column 3: this is not a JSON value"},
      {"{\"a\" 1}", "line 1, column 6: expected ':' after a member name"},
      {"{\"a\":1 \"b\"}", "line 1, column 8: expected ',' or '}'"},
      {"[1\n 2]", "line 2, column 2: expected ',' or ']'"},
      {"{\"a\":1,\n}", "line 2, column 1: expected a member name in quotes"},
      {"[\"\t\"]", "line 1, column 3: a control character in a string must be escaped"},
      {"[-]", "line 1, column 3: expected a digit"},
      {"[012]", "line 1, column 3: a number must not start with 0"},
      {"[\n\"ab\xFF\"]", "line 2, column 2: a string is not valid UTF-8"},
      {"1\r\n2", "line 2, column 1: there is something after the JSON value"},
  };
  for (const auto& [text, message] : cases) {
    const auto result = parse_json(text, {});
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, Errc::invalid) << text;
    EXPECT_EQ(result.error().message, message) << text;
  }
}

TEST(Json, OnlyTheFourKindsOfWhiteSpace) {
  EXPECT_EQ(parsed(" \t\r\n[ \t\r\n] \t\r\n").text(), "[ \t\r\n]");
  for (const char* text : {"\f1", "\v1", "1\f",
                           "\xC2\xA0"
                           "1",
                           "\xEF\xBB\xBF"
                           "1",
                           "[1,\xE2\x80\xA8"
                           "2]"}) {
    EXPECT_FALSE(parse_json(text, {}).has_value()) << text;
  }
  EXPECT_FALSE(parse_json(std::string_view("1\0", 2), {}).has_value());
}

TEST(Json, DepthBeyondAnyStackIsOnlyAnError) {
  const std::string deep(std::size_t{1} << 20, '[');
  const auto refused = parse_json(deep, {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::too_large);
  const std::string closed = deep + std::string(deep.size(), ']');
  const auto allowed = parse_json(closed, {.max_depth = 1 << 20});
  ASSERT_TRUE(allowed.has_value());
  EXPECT_EQ(allowed->size(), 1u);
}

TEST(Json, ValuesOfAnotherKindGiveNothing) {
  const RawJson number = parsed("5");
  EXPECT_EQ(number.size(), 0u);
  EXPECT_FALSE(number.find("a").has_value());
  EXPECT_EQ(number.as_string(), std::nullopt);
  EXPECT_EQ(number.as_bool(), std::nullopt);
  EXPECT_EQ(parsed("\"5\"").as_double(), std::nullopt);
  EXPECT_EQ(parsed("true").as_bool(), true);
  EXPECT_EQ(parsed("-2.5e1").as_double(), -25.0);
  EXPECT_EQ(parsed("1e400").as_double(), std::nullopt);
  EXPECT_TRUE(RawJson().is_null());
}

TEST(Json, NamesAreComparedUnescaped) {
  const RawJson doc = parsed(R"({"\u0061\/":1,"":2,"é":3,"a\u0000b":4})");
  EXPECT_EQ(doc.find("a/")->text(), "1");
  EXPECT_EQ(doc.find("")->text(), "2");
  EXPECT_EQ(doc.find("é")->text(), "3");
  EXPECT_EQ(doc.find(std::string_view("a\0b", 3))->text(), "4");
  EXPECT_FALSE(doc.find("a").has_value());
}

TEST(Json, IteratorsCanBeCopiedAndCompared) {
  const RawJson doc = parsed(R"([10,20,30])");
  auto at = doc.elements().begin();
  const auto first = at++;
  EXPECT_EQ((*first).text(), "10");
  EXPECT_EQ((*at).text(), "20");
  EXPECT_FALSE(first == at);
  EXPECT_EQ(std::distance(doc.elements().begin(), doc.elements().end()), 3);
  EXPECT_EQ(std::distance(doc.members().begin(), doc.members().end()), 0);
}

TEST(Json, WrittenDoublesReadBackAsTheyWere) {
  for (double value : {0.1, 1e300, -5e-324, 123456789.125, 1.0, -0.0}) {
    JsonWriter w;
    w.number(value);
    EXPECT_EQ(parsed(w.text()).as_double(), value) << w.text();
  }
  JsonWriter w;
  w.begin_array().number(std::numeric_limits<double>::infinity()).number(INT64_MIN);
  w.number(std::numeric_limits<double>::quiet_NaN()).begin_object().end_object().end_array();
  EXPECT_EQ(w.take(), "[null,-9223372036854775808,null,{}]");
}

}  // namespace
}  // namespace mcpo
