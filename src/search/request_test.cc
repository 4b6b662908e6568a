#include "search/request.h"

#include <gtest/gtest.h>

#include "base/text.h"
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

TEST(Request, CutsBetweenCharacters) {
  const std::string text = std::string(kMaxQueryBytes - 1, 'x') + "é";
  EXPECT_EQ(read_request({.description = text}).text.size(), kMaxQueryBytes - 1);
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
