#include "search/request.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "search/embedding.h"
#include "search/unwanted.h"

namespace mcpo::search {
namespace {

using Sentences = std::vector<std::string>;

TEST(Request, SplitsSentences) {
  EXPECT_EQ(sentences_of("Read a file. Then write it! Is it done?"),
            (Sentences{"Read a file.", "Then write it!", "Is it done?"}));
  EXPECT_EQ(sentences_of("one two three\n\n  four five six"),
            (Sentences{"one two three", "four five six"}));
  EXPECT_EQ(sentences_of("open a.b.c files; close all files"),
            (Sentences{"open a.b.c files;", "close all files"}));
}

TEST(Request, OneSentenceIsTheWhole) {
  EXPECT_EQ(sentences_of("Read a file of mine."), Sentences{});
  EXPECT_EQ(sentences_of("Read a file. Thank you."), Sentences{});
  EXPECT_EQ(sentences_of(""), Sentences{});
}

TEST(Request, HasALimitOfSentences) {
  std::string text;
  for (int i = 0; i < 50; ++i) text += "this is one. ";
  EXPECT_EQ(sentences_of(text).size(), kMaxSentences);
}

TEST(Request, JoinsDescriptionAndKeywords) {
  EXPECT_EQ(read_request({.description = "find it", .keywords = "a b"}).text, "find it a b");
  EXPECT_EQ(read_request({.description = "", .keywords = "a b"}).text, "a b");
  EXPECT_EQ(read_request({.description = "find it"}).text, "find it");
}

TEST(Request, KeepsBeginningAndEndOfALongText) {
  const std::string head = std::string(kMaxQueryBytes / 2, 'a') + " begin ";
  const std::string text = head + std::string(kMaxQueryBytes, 'x') + " end";
  const Request request = read_request({.description = text});
  EXPECT_TRUE(request.is_cut);
  EXPECT_LE(request.text.size(), kMaxQueryBytes);
  EXPECT_TRUE(request.text.starts_with(head));
  EXPECT_TRUE(request.text.ends_with(" end"));
  EXPECT_FALSE(read_request({.description = std::string(kMaxQueryBytes, 'a')}).is_cut);
}

TEST(Request, CutsBetweenWordsOrElseCharacters) {
  std::string text;
  while (text.size() < 2 * kMaxQueryBytes) text += "create_issue\n";
  const std::string cut = bounded(text);
  for (const std::string_view word : split(cut, '\n')) {
    EXPECT_TRUE(word.empty() || word == "create_issue") << word;
  }
  for (const char* start : {"", "a", "ab"}) {
    std::string han = start;
    while (han.size() < 2 * kMaxQueryBytes) han += "\u6587";
    EXPECT_TRUE(is_valid_utf8(bounded(han)));
  }
}

TEST(Request, SentencesAndTheEncodersTextAreOfTheBeginning) {
  const std::string filler(kMaxUnitBytes, 'x');
  const Query query{.description = "Read the text file. Send it to Anna. " + filler +
                                   ". Then delete the file again. And print all of it."};
  EXPECT_EQ(read_request(query).sentences.size(), 2U);
  EXPECT_EQ(request_texts(query).at(0).size(), kMaxUnitBytes);
}

std::vector<std::string> clauses(std::string_view sentence) {
  std::vector<std::string> out;
  append_clauses(sentence, out);
  return out;
}

TEST(AppendClauses, CutsAtCommasAndWordsThatGoOn) {
  using Clauses = std::vector<std::string>;
  EXPECT_EQ(clauses("read the text file, send a long mail and also delete the old page"),
            (Clauses{"read the text file", "send a long mail", "delete the old page"}));
  EXPECT_EQ(clauses("search pages and replace words as well as whole lines"),
            (Clauses{"search pages and replace words", "whole lines"}));
  EXPECT_EQ(clauses("about 1,500 files; please"), Clauses{"about 1,500 files"});
  EXPECT_EQ(clauses("also"), Clauses{});
}

TEST(ReadRequest, ClausesAreThereWhenThereAreSeveral) {
  EXPECT_TRUE(read_request({.description = "read the text file"}).clauses.empty());
  const Request request =
      read_request({.description = "Read the text file, print its content. Print its content"});
  EXPECT_EQ(request.clauses.size(), 3U);
  EXPECT_EQ(request.sentences.size(), 2U);
}

TEST(UnwantedText, IsWhatStandsBehindANegation) {
  EXPECT_EQ(unwanted_text("rename the file without deleting the old one"),
            "deleting the old one \n");
  EXPECT_EQ(unwanted_text("Don't send it, just save the draft; do not close the window"),
            "send it \nclose the window \n");
  EXPECT_EQ(unwanted_text("a table instead of charts but sorted"), "charts \n");
}

TEST(UnwantedText, OtherNegationsAreNone) {
  for (const char* text : {"I don't see my file", "don't forget to send it", "or not", "not only",
                           "files that do not exist", "", "without", "without."}) {
    EXPECT_EQ(trim(unwanted_text(text)), "") << text;
  }
}

}  // namespace
}  // namespace mcpo::search
