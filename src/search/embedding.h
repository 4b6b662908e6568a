// What a sentence encoder says of tools and requests, as values: the semantic arm's input. Made
// elsewhere (embed); this module knows texts to encode and vectors to compare, no model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/dot_product.h"
#include "search/engine.h"

namespace mcpo::search {

// Rows of vectors of norm 1, each as int8 times a scale of its own.
struct QuantizedRows {
  std::size_t dimension = 0;
  std::vector<std::int8_t> values;  // rows x dimension
  std::vector<float> scales;        // one a row
  bool operator==(const QuantizedRows&) const = default;
};

// Of one tool's texts. Immutable once made; shared between indexes.
struct DocumentEmbedding {
  std::vector<Fixed> vector;       // of the whole text, pooled, norm 1; empty: no direction
  std::vector<Fixed> description;  // of the description alone, likewise; empty: there is none
  std::vector<std::uint32_t>
      pieces;  // different token ids of the text, ascending: they are counted
  // Token vectors of the tool's name, without punctuation and stop words. Empty where the encoder
  // gives only pooled vectors (a service).
  std::vector<std::uint32_t> name_pieces;  // token id of each row
  QuantizedRows name_rows;
  bool operator==(const DocumentEmbedding&) const = default;
};

// Of one request, from request_texts().
struct RequestEmbedding {
  std::vector<Fixed> vector;  // of the whole, pooled, norm 1
  std::vector<Fixed> rows;    // its token vectors, each of norm 1; may be empty
  std::vector<std::vector<Fixed>>
      sentences;  // pooled; as many as request_texts() has after the first
};

// The text that stands for a tool: "server words: name words. description".
struct SemanticText {
  std::string text;
  std::size_t name_begin = 0;  // bytes of the name's words in it
  std::size_t name_end = 0;
  std::size_t description_begin = std::string::npos;  // npos: no description

  // Encoded once more on its own; empty: not.
  std::string_view description() const;
};
SemanticText semantic_text(const Document& document);
// The texts of a request to encode: the whole, then its sentences when it has two or more.
std::vector<std::string> request_texts(const Query& query);

// Compact bytes for storage, and back. `kEmbeddingLayout` names the format, which is part of the
// identity under which they are stored. Errors: corrupt, for bytes that are not what to_bytes()
// made of an embedding whose vector has norm 1.
inline constexpr std::string_view kEmbeddingLayout = "rows3";
std::string to_bytes(const DocumentEmbedding& embedding);
Result<DocumentEmbedding> embedding_from_bytes(std::string_view bytes);

}  // namespace mcpo::search
