#include "search/request.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace mcpo::search
