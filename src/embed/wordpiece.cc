#include "embed/wordpiece.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"

namespace mcpo::embed {
namespace {

using Position = Vocabulary::Position;

// Words of more characters are not even tried: bounds the work on one word whatever a file says.
constexpr std::size_t kLongestWord = 256;

bool has_letter_or_digit(std::string_view text) {
  auto at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  while (left > 0) {
    utf8proc_int32_t code = 0;
    const auto size = utf8proc_iterate(at, left, &code);
    if (size <= 0) return false;
    const auto category = utf8proc_category(code);
    if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return true;
    if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return true;
    at += size;
    left -= size;
  }
  return false;
}

std::string text_of(RawJson object, std::string_view key, std::string_view otherwise) {
  const auto value = object.find(key);
  return value ? value->as_string().value_or(std::string(otherwise)) : std::string(otherwise);
}

bool flag_of(RawJson object, std::string_view key, bool otherwise) {
  const auto value = object.find(key);
  return value ? value->as_bool().value_or(otherwise) : otherwise;
}

// Only the parts of a tokeniser that we do as well: another one would silently give other ids.
Result<void> check_type(RawJson whole, std::string_view part, std::string_view wanted) {
  const std::string type = text_of(whole.find(part).value_or(RawJson()), "type", "none");
  if (type == wanted) return {};
  return fail(Errc::invalid, "its " + std::string(part) + " is of type " + type + "; only " +
                                 std::string(wanted) + " is supported");
}

BertRules rules_of(RawJson normalizer, RawJson model) {
  BertRules rules;
  rules.clean_text = flag_of(normalizer, "clean_text", true);
  rules.split_cjk = flag_of(normalizer, "handle_chinese_chars", true);
  rules.lowercase = flag_of(normalizer, "lowercase", true);
  rules.strip_accents = flag_of(normalizer, "strip_accents", rules.lowercase);
  const auto longest = model.find("max_input_chars_per_word");
  const std::int64_t chars = longest ? longest->as_int64().value_or(100) : 100;
  rules.longest_word = static_cast<std::size_t>(std::clamp<std::int64_t>(chars, 1, kLongestWord));
  return rules;
}

Result<Vocabulary> vocabulary_of(RawJson model) {
  Vocabulary vocabulary;
  for (const auto& member : model.find("vocab").value_or(RawJson()).members()) {
    const auto id = member.value.as_int64();
    if (!id || *id < 0 || *id > std::int64_t{UINT32_MAX}) {
      return fail(Errc::invalid, "an id of its vocabulary is no number that an id can be");
    }
    CHECK_OK(vocabulary.add(static_cast<std::uint32_t>(*id), member.name()));
  }
  vocabulary.finish(text_of(model, "continuing_subword_prefix", "##"));
  return vocabulary;
}

std::optional<std::uint32_t> first_of(const Vocabulary& vocabulary,
                                      std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto id = vocabulary.find(name)) return id;
  }
  return std::nullopt;
}

}  // namespace

Result<Wordpiece> Wordpiece::from_tokenizer_json(std::string_view text) {
  TRY(const RawJson whole, parse_json(text, {}));
  CHECK_OK(check_type(whole, "model", "WordPiece"));
  CHECK_OK(check_type(whole, "normalizer", "BertNormalizer"));
  CHECK_OK(check_type(whole, "pre_tokenizer", "BertPreTokenizer"));
  const RawJson model = whole.find("model").value_or(RawJson());
  const RawJson normalizer = whole.find("normalizer").value_or(RawJson());
  TRY(Vocabulary vocabulary, vocabulary_of(model));
  return make(std::move(vocabulary), rules_of(normalizer, model),
              text_of(model, "unk_token", "[UNK]"));
}

Result<Wordpiece> Wordpiece::from_vocabulary_text(std::string_view text, const BertRules& rules) {
  Vocabulary vocabulary;
  for (std::uint32_t id = 0; !text.empty(); ++id) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    CHECK_OK(vocabulary.add(id, line));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  vocabulary.finish("##");
  return make(std::move(vocabulary), rules, "[UNK]");
}

Result<Wordpiece> Wordpiece::make(Vocabulary vocabulary, const BertRules& rules,
                                  std::string_view unknown) {
  const auto unknown_id = first_of(vocabulary, {unknown});
  // MPNet has a BERT tokeniser with RoBERTa's names.
  const auto begin_id = first_of(vocabulary, {"[CLS]", "<s>"});
  const auto end_id = first_of(vocabulary, {"[SEP]", "</s>"});
  if (!unknown_id || !begin_id || !end_id) {
    return fail(Errc::invalid, "its vocabulary lacks [UNK], [CLS] or [SEP]");
  }
  Wordpiece made;
  made.rules_ = rules;
  made.unknown_ = *unknown_id;
  made.begin_ = *begin_id;
  made.end_ = *end_id;
  made.is_word_.resize(vocabulary.size());
  for (std::uint32_t id = 0; id < vocabulary.size(); ++id) {
    made.is_word_[id] = has_letter_or_digit(vocabulary.piece(id));
  }
  made.vocabulary_ = std::move(vocabulary);
  return made;
}

void Wordpiece::tokenize(std::string_view text, std::size_t limit, std::vector<Token>& out) const {
  BertWordReader words(text, rules_);
  while (out.size() < limit && words.next()) {
    const std::size_t before = out.size();
    if (words.too_long() || !append_pieces(words, out)) {
      out.resize(before);
      out.push_back({unknown_, words.chars().front().begin, words.end()});
    }
  }
  if (out.size() > limit) out.resize(limit);
}

// The longest piece that the word starts with, then the longest that its rest starts with, and so
// on. False when there is none.
bool Wordpiece::append_pieces(const BertWordReader& reader, std::vector<Token>& out) const {
  const std::string& word = reader.word();
  const auto& chars = reader.chars();
  const auto byte_of = [&](std::size_t i) { return i < chars.size() ? chars[i].at : word.size(); };
  std::array<std::uint32_t, kLongestWord> hashes;  // of the text up to and with each character
  for (std::size_t from = 0; from < chars.size();) {
    const Position position = from == 0 ? Position::first : Position::continuation;
    std::uint32_t hash = vocabulary_.start(position);
    std::size_t to = from;
    while (to < chars.size() && byte_of(to + 1) - byte_of(from) <= vocabulary_.longest_piece()) {
      for (std::size_t i = byte_of(to); i < byte_of(to + 1); ++i) {
        hash = Vocabulary::extend(hash, word[i]);
      }
      hashes[to++] = hash;
    }
    std::optional<std::uint32_t> id;
    for (; to > from; --to) {
      const std::string_view text(word.data() + byte_of(from), byte_of(to) - byte_of(from));
      if ((id = vocabulary_.find(position, hashes[to - 1], text))) break;
    }
    if (!id) return false;
    out.push_back({*id, chars[from].begin, chars[to - 1].end});
    from = to;
  }
  return true;
}

}  // namespace mcpo::embed
