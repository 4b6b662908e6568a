#include "base/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"

namespace mcpo {
namespace {

TEST(Text, Utf8IsChecked) {
  EXPECT_TRUE(is_valid_utf8("plain, é, \xF0\x9F\x98\x80"));
  for (const char* bad :
       {"\xFF", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xC3"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
  }
  EXPECT_EQ(to_valid_utf8("a\xF0\x9F\x98z"), "a\xEF\xBF\xBDz");  // one mark for a cut sequence
}

TEST(Text, EllipsisCutsBetweenCharacters) {
  EXPECT_EQ(ellipsized("abc", 3), "abc");
  EXPECT_EQ(ellipsized("abcd", 3), "abc…");
  EXPECT_EQ(ellipsized("aé", 2), "a…");
}

TEST(Text, SplitKeepsEmptyPartsAndJoinUndoesIt) {
  const auto parts = split("a,,b,", ',');
  EXPECT_EQ(parts, (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(join({"a", "", "b", ""}, ","), "a,,b,");
}

TEST(Text, Base64BothWays) {
  for (std::string text : {"", "f", "fo", "foo", "foob", "\xFF\x00\x7F"}) {
    EXPECT_EQ(base64_decode(base64_encode(text)), text);
  }
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
  for (const char* bad : {"Zg=", "Zg", "Z===", "Zg==Zg==", "Z*==", "===="}) {
    EXPECT_EQ(base64_decode(bad), std::nullopt) << bad;
  }
}

TEST(Text, EditDistanceCountsSwapsAsOne) {
  EXPECT_EQ(edit_distance("issue", "isseu", 5), 1u);
  EXPECT_EQ(edit_distance("kitten", "sitting", 5), 3u);
  EXPECT_EQ(edit_distance("abc", "xyzxyz", 2), 3u);
}

// The whole table, without a limit.
std::size_t plain_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

TEST(Text, EditDistanceWithinALimitIsThatOfTheWholeTable) {
  std::mt19937 random(3);
  const auto word = [&random] {
    std::string out(random() % 8, ' ');
    for (char& c : out) c = static_cast<char>('a' + random() % 3);
    return out;
  };
  for (int i = 0; i < 20'000; ++i) {
    const std::string a = word();
    const std::string b = word();
    const std::size_t limit = random() % 9;
    EXPECT_EQ(edit_distance(a, b, limit), std::min(plain_distance(a, b), limit + 1))
        << a << " " << b << " " << limit;
  }
}

TEST(Text, NearestNamesBestFirstAndNoFarOnes) {
  const std::vector<std::string> names{"delete_repo", "create_issue", "createIssues", "list"};
  const auto near = nearest_names("create-issue", names, 5);
  EXPECT_EQ(near, (std::vector<std::string>{"create_issue", "createIssues"}));
  EXPECT_TRUE(nearest_names("zzzzzzzzzzzz", names, 5).empty());
}

TEST(Text, ATypingMistakeIsNearerThanAPartOfTheName) {
  const std::vector<std::string> options{"toolhive", "toolhive-port", "toolhive-socket"};
  EXPECT_EQ(nearest_names("toolhive-sockt", options, 1).at(0), "toolhive-socket");
  EXPECT_EQ(nearest_names("toolhive-prot", options, 1).at(0), "toolhive-port");
  // In a short name any letter counts: here a part of the name says more.
  EXPECT_EQ(nearest_names("get", {"set", "get_issue"}, 1).at(0), "get_issue");
}

TEST(Text, CaseAndTrim) {
  EXPECT_TRUE(iequals_ascii("Content-TYPE", "content-type"));
  EXPECT_FALSE(iequals_ascii("a", "ab"));
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
}

TEST(Hash, KnownValues) {
  EXPECT_EQ(content_hash("").hex(), "99aa06d3014798d86001c324468d497f");
  EXPECT_NE(content_hash("a"), content_hash("b"));
  // RFC 4231, test case 2.
  EXPECT_EQ(keyed_hash("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(random_hex(16).size(), 32u);
  EXPECT_NE(random_hex(16), random_hex(16));
}

TEST(Clock, Rfc3339) {
  EXPECT_EQ(to_rfc3339({0}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339({1'700'000'000'123}), "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(to_rfc3339({-1}), "1969-12-31T23:59:59.999Z");
}

}  // namespace
}  // namespace mcpo
