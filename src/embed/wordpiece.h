// BERT's WordPiece tokeniser: text to ids of a vocabulary. The ids are those of the reference
// implementation (Hugging Face's `tokenizers`) with two wanted differences: names of special tokens
// in a text ("[SEP]") are plain text, and what the file says of truncation and padding is ignored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "embed/bert_words.h"
#include "embed/token.h"
#include "embed/vocabulary.h"

namespace mcpo::embed {

// Immutable once made; any number of threads may use it.
class Wordpiece {
 public:
  // A `tokenizer.json`. Errors: invalid (no JSON; not a WordPiece model of the BERT kind: says
  // what it is; no [UNK], [CLS], [SEP]), too_large.
  static Result<Wordpiece> from_tokenizer_json(std::string_view text);
  // A `vocab.txt`: a piece a line, ids from 0. Errors as above.
  static Result<Wordpiece> from_vocabulary_text(std::string_view text, const BertRules& rules);

  // Appends the tokens of `text`, without special ones, until `out` has `limit` of them.
  void tokenize(std::string_view text, std::size_t limit, std::vector<Token>& out) const;

  std::uint32_t unknown_id() const { return unknown_; }
  std::uint32_t begin_id() const { return begin_; }  // [CLS]
  std::uint32_t end_id() const { return end_; }      // [SEP]
  // As in the vocabulary: "##ing" continues a word. Empty for an unknown id.
  std::string_view piece(std::uint32_t id) const { return vocabulary_.piece(id); }
  // Whether the piece has a letter or a digit.
  bool is_word(std::uint32_t id) const { return id < is_word_.size() && is_word_[id]; }
  const BertRules& rules() const { return rules_; }

 private:
  static Result<Wordpiece> make(Vocabulary vocabulary, const BertRules& rules,
                                std::string_view unknown);
  bool append_pieces(const BertWordReader& word, std::vector<Token>& out) const;

  Vocabulary vocabulary_;
  std::vector<bool> is_word_;  // by id
  BertRules rules_;
  std::uint32_t unknown_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
};

}  // namespace mcpo::embed
