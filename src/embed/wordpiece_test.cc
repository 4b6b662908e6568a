#include "embed/wordpiece.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "embed/test_model.h"

namespace mcpo::embed {
namespace {

using namespace std::string_view_literals;

// A small vocabulary, ids from 0 in this order.
constexpr std::string_view kPieces =
    "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n[\n]\nsep\nmask\nun\n##aff\n##able\nread\n_\nfile\ncafe\n"
    "##s\na\n##a\n日\n본\n!\ncls\ni\n##o\n\u1100\n##\u1161\n";

Wordpiece small(BertRules rules = {}) { return *Wordpiece::from_vocabulary_text(kPieces, rules); }

std::string pieces(const Wordpiece& wordpiece, std::string_view text, std::size_t limit = 1000) {
  std::vector<Token> tokens;
  wordpiece.tokenize(text, limit, tokens);
  std::string out;
  for (const Token& token : tokens) {
    out += (out.empty() ? "" : " ") + std::string(wordpiece.piece(token.id));
  }
  return out;
}
std::string pieces(std::string_view text) { return pieces(small(), text); }

TEST(Wordpiece, TakesTheLongestPieceFirst) {
  EXPECT_EQ(pieces("unaffable"), "un ##aff ##able");
  EXPECT_EQ(pieces("aaa files"), "a ##a ##a file ##s");
}

TEST(Wordpiece, AWordThatCannotBeCutIsUnknownAsAWhole) {
  EXPECT_EQ(pieces("unread read"), "[UNK] read");
  EXPECT_EQ(pieces("🙂"), "[UNK]");
}

TEST(Wordpiece, WordsEndAtSpacePunctuationAndIdeographs) {
  EXPECT_EQ(pieces("read_file!"), "read _ file !");
  EXPECT_EQ(pieces("read\tfile\nread\u00a0file\u3000read"), "read file read file read");
  EXPECT_EQ(pieces("read日file"), "read 日 file");
}

TEST(Wordpiece, CaseAndAccentsGo) {
  EXPECT_EQ(pieces("CAFÉ Cafe\u0301s"), "cafe cafe ##s");
  EXPECT_EQ(pieces("İ"), "i");
}

TEST(Wordpiece, HangulSyllablesBecomeJamo) { EXPECT_EQ(pieces("가"), "\u1100 ##\u1161"); }

TEST(Wordpiece, InvisibleAndMalformedBytesVanish) {
  EXPECT_EQ(pieces("fi\u200ble fi\u00adle fi\0le fi\ufffdle"sv), "file file file file");
  EXPECT_EQ(pieces("fi\xffle \xe6\x97 read \xed\xa0\x80 \xc0\xaf"), "file read");
}

TEST(Wordpiece, NamesOfSpecialTokensArePlainText) {
  EXPECT_EQ(pieces("[SEP][MASK] [CLS]"), "[ sep ] [ mask ] [ cls ]");
}

TEST(Wordpiece, WordsOfMoreThanAHundredCharactersAreUnknown) {
  std::vector<Token> tokens;
  small().tokenize(std::string(100, 'a'), 1000, tokens);
  EXPECT_EQ(tokens.size(), 100U);
  tokens.clear();
  small().tokenize(std::string(101, 'a') + " read", 1000, tokens);
  EXPECT_EQ(tokens, (std::vector<Token>{{1, 0, 101}, {12, 102, 106}}));
}

TEST(Wordpiece, OffsetsAreBytesOfTheText) {
  std::vector<Token> tokens;
  small().tokenize(" Cafés, 日\u200bRead", 1000, tokens);
  const std::vector<Token> expected{{15, 1, 6}, {16, 6, 7}, {1, 7, 8}, {19, 9, 12}, {12, 15, 19}};
  EXPECT_EQ(tokens, expected);
}

TEST(Wordpiece, StopsAtTheLimit) {
  EXPECT_EQ(pieces(small(), "unaffable read", 2), "un ##aff");
  EXPECT_EQ(pieces(small(), "unaffable read", 0), "");
}

TEST(Wordpiece, CaseAndAccentsStayWhereTheModelKnowsThem) {
  const BertRules cased{.strip_accents = false, .lowercase = false};
  const auto wordpiece =
      *Wordpiece::from_vocabulary_text("[UNK]\n[CLS]\n[SEP]\nCafé\ncafe\n", cased);
  EXPECT_EQ(pieces(wordpiece, "Café cafe CAFE"), "Café cafe [UNK]");
}

TEST(Wordpiece, ReadsTokenizerJsonAndIgnoresItsPadding) {
  const auto made = Wordpiece::from_tokenizer_json(R"({
    "truncation": {"max_length": 1}, "padding": {"strategy": {"Fixed": 128}},
    "normalizer": {"type": "BertNormalizer", "lowercase": false, "strip_accents": null},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "model": {"type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "@",
              "max_input_chars_per_word": 3,
              "vocab": {"<s>": 7, "</s>": 1, "<unk>": 0, "ab": 9, "@c": 3}}})");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->begin_id(), 7U);
  EXPECT_FALSE(made->rules().strip_accents);
  EXPECT_EQ(pieces(*made, "abc AB abcc"), "ab @c <unk> <unk>");
}

TEST(Wordpiece, RefusesTokenisersOfOtherKinds) {
  const auto message = [](std::string_view json) {
    const auto made = Wordpiece::from_tokenizer_json(json);
    return made ? "made" : made.error().message;
  };
  EXPECT_EQ(message(R"({"model": {"type": "BPE"}})"),
            "its model is of type BPE; only WordPiece is supported");
  EXPECT_EQ(message(R"({"model": {"type": "WordPiece"}})"),
            "its normalizer is of type none; only BertNormalizer is supported");
  const std::string start =
      R"({"normalizer": {"type": "BertNormalizer"}, "pre_tokenizer": {"type": "BertPreTokenizer"},)";
  EXPECT_EQ(message(start + R"("model": {"type": "WordPiece", "vocab": {"a": 1}}})"),
            "its vocabulary lacks [UNK], [CLS] or [SEP]");
  EXPECT_EQ(message(start + R"("model": {"type": "WordPiece", "vocab": {"a": -1}}})"),
            "an id of its vocabulary is no number that an id can be");
  EXPECT_TRUE(message(start + R"("model": {"type": "WordPiece", "vocab": {"a": 9999999}}})")
                  .starts_with("the vocabulary has an id of 9999999"));
  EXPECT_NE(message("{"), "made");
}

TEST(Wordpiece, TellsWordsFromPunctuation) {
  const Wordpiece wordpiece = small();
  EXPECT_TRUE(wordpiece.is_word(10));   // ##aff
  EXPECT_TRUE(wordpiece.is_word(19));   // 日
  EXPECT_FALSE(wordpiece.is_word(13));  // _
  EXPECT_FALSE(wordpiece.is_word(999));
  EXPECT_EQ(wordpiece.piece(999), "");
}

// What the reference implementation makes of awkward strings with MiniLM's vocabulary; the one with
// special tokens as plain text.
struct Golden {
  std::string_view text;
  std::vector<std::uint32_t> ids;
};
const std::vector<Golden>& golden() {
  static const std::vector<Golden> kGolden{
      {"Create a new issue in the repository"sv, {3443, 1037, 2047, 3277, 1999, 1996, 22409}},
      {"list_pull_requests getUserById HTTPServer2"sv,
       {2862, 1035, 4139, 1035, 11186, 2131, 20330, 3762, 3593, 16770, 2121, 6299, 2475}},
      {"caf\303\251 na\303\257ve Z\303\274rich \303\205ngstr\303\266m \304\260stanbul \303\237 \357\254\201"sv,
       {7668, 15743, 10204, 17076, 15687, 9960, 1096, 1984}},
      {"\346\227\245\346\234\254\350\252\236 \346\244\234\347\264\242 tool"sv,
       {1864, 1876, 1950, 100, 100, 6994}},
      {"don't \342\200\224 stop\342\200\246 \342\200\234quoted\342\200\235 e-mail@example.com"sv,
       {2123, 1005, 1056, 1517, 2644, 1529, 1523, 9339, 1524, 1041, 1011, 5653, 1030, 2742, 1012,
        4012}},
      {"tab\011new\012line\302\240nbsp\342\200\213zwsp\000nul\302\255soft"sv,
       {21628, 2047, 2240, 1050, 5910, 2361, 2480, 9333, 2361, 11231, 4877, 15794}},
      {"[SEP] inside [MASK] text [unused1]"sv,
       {1031, 19802, 1033, 2503, 1031, 7308, 1033, 3793, 1031, 15171, 2487, 1033}},
      {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"sv,
       {13360, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057,
        11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057,
        11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057,
        11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 11057, 2050}},
      {"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"sv,
       {100}},
      {""sv, {}},
      {"   "sv, {}},
      {"\360\237\231\202 emoji and 1,234.56 \342\202\254"sv,
       {100, 7861, 29147, 2072, 1998, 1015, 1010, 22018, 1012, 5179, 1574}},
      {"\357\274\246\357\274\265\357\274\254\357\274\254width \302\275 \302\262"sv,
       {100, 1092, 1082}},
      {"\320\237\321\200\320\270\320\262\320\265\321\202 \320\274\320\270\321\200"sv,
       {1194, 16856, 10325, 25529, 15290, 22919, 1191, 10325, 16856}},
      {"e\314\201 combining"sv, {1041, 11566}},
      {"$HOME/.config --flag=x && rm -rf"sv,
       {1002, 2188, 1013, 1012, 9530, 8873, 2290, 1011, 1011, 5210, 1027, 1060, 1004, 1004, 28549,
        1011, 21792}},
      {"\355\225\234\352\265\255\354\226\264 \353\217\204\352\265\254"sv,
       {1469, 30006, 30021, 29991, 30014, 30020, 29999, 30008, 1457, 30011, 29991, 30014}},
      {"foo_bar-baz/qux:quux"sv,
       {29379, 1035, 3347, 1011, 8670, 2480, 1013, 24209, 2595, 1024, 24209, 5602}},
      {"\355\237\277\357\277\275 x"sv, {100, 1060}},
      {"UPPER lower MiXeD"sv, {3356, 2896, 3816}},
  };
  return kGolden;
}

TEST(Wordpiece, AgreesWithTheReference) {
  const auto files = find_model(test_places());
  if (!files) GTEST_SKIP() << files.error().message;
  const auto text = read_small_file(files->vocabulary, 1 << 24);
  ASSERT_TRUE(text);
  const auto wordpiece = Wordpiece::from_tokenizer_json(*text);
  ASSERT_TRUE(wordpiece) << wordpiece.error().message;
  for (const Golden& row : golden()) {
    std::vector<Token> tokens;
    wordpiece->tokenize(row.text, 1000, tokens);
    std::vector<std::uint32_t> ids;
    for (const Token& token : tokens) ids.push_back(token.id);
    EXPECT_EQ(ids, row.ids) << row.text;
  }
}

}  // namespace
}  // namespace mcpo::embed
