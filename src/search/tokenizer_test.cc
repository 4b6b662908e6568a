#include "search/tokenizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "search/analyzer.h"
#include "search/word_lists.h"

namespace mcpo::search {
namespace {

std::string words_of(std::string_view text) {
  Words words;
  split_words(text, words);
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += ' ';
    out += words[i];
  }
  return out;
}

std::string terms_of(std::string_view text) {
  std::string out;
  Analyzer analyzer;
  analyzer.for_each_term(text, [&](std::string_view term) {
    if (!out.empty()) out += ' ';
    out += term;
  });
  return out;
}

struct Case {
  std::string_view text;
  std::string_view words;
};

TEST(Tokenizer, SplitsNames) {
  const Case cases[] = {
      {"create_issue", "create issue"},
      {"getUser", "get user getuser"},
      {"getUserByID", "get user by id getuserbyid"},
      {"HTTPServer", "http server httpserver"},
      {"parseHTTP", "parse http parsehttp"},
      {"URL", "url"},
      {"s3", "s 3 s3"},
      {"list-pull.requests/all", "list pull requests all"},
      {"__init__", "init"},
      {"mcp__github__getUser", "mcp github get user getuser"},
      {"v2API", "v 2 api v2api"},
      {"x", "x"},
      {"_", ""},
      {"", ""},
  };
  for (const Case& one : cases) EXPECT_EQ(words_of(one.text), one.words) << one.text;
}

TEST(Tokenizer, ReadsWhatIsDisguisedAsWhatItLooksLike) {
  EXPECT_EQ(words_of("d\u0435l\u0435t\u0435_f\u0456l\u0435"), "delete file");
  EXPECT_EQ(words_of("de\u200blete fi\u00adle\u2060s"), "delete files");
  EXPECT_EQ(words_of("\u202edelete"), "delete");
  // Other scripts by themselves stay as they are.
  EXPECT_EQ(words_of("\u0441\u043e\u0440\u0430"), "\u0441\u043e\u0440\u0430");
}

TEST(Tokenizer, SplitsRunningText) {
  const Case cases[] = {
      {"Read a file, then stop.", "read a file then stop"},
      {"the user's files", "the user files"},
      {"the user’s files", "the user files"},
      {"'quoted'", "quoted"},
      {"don't", "don t don't"},
      {"a\tb\nc", "a b c"},
      {"e-mail@example.com", "e mail example com"},
  };
  for (const Case& one : cases) EXPECT_EQ(words_of(one.text), one.words) << one.text;
}

TEST(Tokenizer, FoldsUnicode) {
  const Case cases[] = {
      {"Café", "cafe"},
      {"Cafe\u0301", "cafe"},
      {"ＦＵＬＬ　width", "full width"},
      {"ﬁle", "file"},
      {"Straße", "strasse"},
      {"ПолучитьФайл", "получить фаил получитьфаил"},
      {"İstanbul", "istanbul"},
      {"soft\u00adhyphen", "softhyphen"},
      {"हिन्दी", "हिन्दी"},
      {"x²", "x 2 x2"},
  };
  for (const Case& one : cases) EXPECT_EQ(words_of(one.text), one.words) << one.text;
}

TEST(Tokenizer, CutsChineseJapaneseKoreanIntoCharactersAndPairs) {
  EXPECT_EQ(words_of("搜索文"), "搜 搜索 索 索文 文");
  EXPECT_EQ(words_of("用API搜"), "用 api 搜");
  EXPECT_EQ(words_of("가나"), "가 가나 나");
}

TEST(Tokenizer, TakesAnyBytes) {
  EXPECT_EQ(words_of("ab\xff\xfe cd"), "ab cd");
  EXPECT_EQ(words_of(std::string_view("a\0b", 3)), "a b");
  EXPECT_EQ(words_of("\xed\xa0\x80"), "");
}

TEST(Tokenizer, CutsLongWords) {
  EXPECT_EQ(words_of(std::string(100, 'a')), std::string(kMaxWordBytes, 'a'));
  const std::string camel = std::string(60, 'a') + "B" + std::string(60, 'b');
  EXPECT_EQ(words_of(camel), std::string(60, 'a') + " b" + std::string(60, 'b'));
}

TEST(Analyzer, StemsAndDropsStopWords) {
  const Case cases[] = {
      {"please list all the repositories", "list repositori"},
      {"running createIssues", "run creat issu createissu"},
      {"it's", ""},
      {"to be or not to be", ""},
      {"générées", "genere"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(terms_of(one.text), one.words) << one.text;
  }
}

TEST(Analyzer, GivesTheSameWithAndWithoutItsMemory) {
  Analyzer analyzer;
  const std::string first = analyzer.term_of("searching");
  EXPECT_EQ(first, "search");
  EXPECT_EQ(analyzer.term_of("searching"), first);
}

TEST(WordLists, HaveNoWordInTwoClasses) {
  std::vector<std::string> seen;
  for (const std::string_view words : synonym_classes()) {
    Words split;
    split_words(words, split);
    for (std::size_t i = 0; i < split.size(); ++i) seen.emplace_back(split[i]);
  }
  std::ranges::sort(seen);
  const auto twice = std::ranges::adjacent_find(seen);
  EXPECT_TRUE(twice == seen.end()) << *twice;
}

}  // namespace
}  // namespace mcpo::search
