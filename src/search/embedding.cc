// Layout of to_bytes(), numbers little-endian, counts and pieces as LEB128:
//   8 bytes: the first of the content hash of all that follows
//   dimension, that many i16 (Fixed)               the pooled vector of the whole text
//   dimension, that many i16                       the one of the description; none: 0
//   count, then the differences of the pieces
//   rows, row dimension; then per row its piece, f32 scale and its bytes
#include "search/embedding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>

#include "base/ascii.h"
#include "base/hash.h"
#include "base/text.h"
#include "search/request.h"

namespace mcpo::search {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kMaxDimension = 8192;
constexpr std::size_t kChecksumBytes = 8;

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_separator(char c) {
  return is_space(c) || std::string_view("_-./:").find(c) != std::string_view::npos;
}

// getUser -> get User, HTTPServer -> HTTP Server
bool is_word_border(std::string_view text, std::size_t at) {
  if (at == 0 || !is_upper(text[at])) return false;
  const char before = text[at - 1];
  if (is_lower(before) || is_digit(before)) return true;
  return is_upper(before) && at + 1 < text.size() && is_lower(text[at + 1]);
}

// A name as words with one space between them.
std::string words_of(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool is_border = is_separator(name[i]) || is_word_border(name, i);
    if (is_border && !out.empty() && out.back() != ' ') out += ' ';
    if (!is_separator(name[i])) out += name[i];
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

void put_number(std::string& out, std::size_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

template <class T>
void put_all(std::string& out, std::span<const T> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

void put_vector(std::string& out, std::span<const Fixed> vector) {
  put_number(out, vector.size());
  put_all(out, vector);
}

// Each read fails for good once the bytes have ended or are wrong.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<std::size_t> number(std::size_t most) {
    std::size_t out = 0;
    for (unsigned shift = 0; shift < 35 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      out |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return out <= most ? std::optional(out) : std::nullopt;
    }
    return std::nullopt;
  }
  // Appends `count` values.
  template <class T>
  bool append(std::vector<T>& out, std::size_t count) {
    if (count > rest_.size() / sizeof(T)) return false;
    const std::size_t before = out.size();
    out.resize(before + count);
    std::copy_n(rest_.data(), count * sizeof(T), reinterpret_cast<char*>(out.data() + before));
    rest_.remove_prefix(count * sizeof(T));
    return true;
  }
  // Also an upper bound of how many values of one byte or more may follow.
  std::size_t size() const { return rest_.size(); }

 private:
  std::string_view rest_;
};

std::string checksum_of(std::string_view rest) {
  const ContentHash hash = content_hash(rest);
  return {hash.bytes.begin(), hash.bytes.begin() + kChecksumBytes};
}

bool read_vector(Reader& in, std::vector<Fixed>& out) {
  const auto dimension = in.number(kMaxDimension);
  return dimension && in.append(out, *dimension) && (out.empty() || has_norm_one(out));
}

bool read_pieces(Reader& in, DocumentEmbedding& out) {
  const auto count = in.number(in.size());
  if (!count) return false;
  std::size_t piece = 0;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto step = in.number(0xffffffff - piece);
    if (!step || (i > 0 && *step == 0)) return false;
    piece += *step;
    out.pieces.push_back(static_cast<std::uint32_t>(piece));
  }
  return true;
}

bool read_name_rows(Reader& in, DocumentEmbedding& out) {
  const auto count = in.number(in.size());
  const auto dimension = in.number(kMaxDimension);
  if (!count || !dimension || (*dimension == 0) != (*count == 0)) return false;
  out.name_rows.dimension = *dimension;
  for (std::size_t i = 0; i < *count; ++i) {
    const auto piece = in.number(0xffffffff);
    if (!piece || !in.append(out.name_rows.scales, 1)) return false;
    out.name_pieces.push_back(static_cast<std::uint32_t>(*piece));
    if (!in.append(out.name_rows.values, *dimension)) return false;
  }
  // Of a row of norm 1 it is 1/127 at most.
  return std::ranges::all_of(out.name_rows.scales, [](float x) { return x >= 0 && x <= 1; });
}

}  // namespace

SemanticText semantic_text(const Document& document) {
  SemanticText out;
  const std::string server = words_of(document.server);
  if (!server.empty()) out.text = server + ": ";
  out.name_begin = out.text.size();
  out.text += words_of(document.name);
  out.name_end = out.text.size();
  out.text += ". ";
  const std::string_view description = trim(document.description);
  if (!description.empty()) out.description_begin = out.text.size();
  out.text += description;
  return out;
}

std::string_view SemanticText::description() const {
  if (description_begin >= text.size()) return {};
  return std::string_view(text).substr(description_begin);
}

std::vector<std::string> request_texts(const Query& query) {
  Request request = read_request(query);
  std::vector<std::string> out = std::move(request.sentences);
  out.emplace(out.begin(), leading(request.text, kMaxUnitBytes));
  return out;
}

std::string to_bytes(const DocumentEmbedding& embedding) {
  std::string out;
  put_vector(out, embedding.vector);
  put_vector(out, embedding.description);
  put_number(out, embedding.pieces.size());
  std::uint32_t before = 0;
  for (const std::uint32_t piece : embedding.pieces) {
    put_number(out, piece - before);
    before = piece;
  }
  const QuantizedRows& rows = embedding.name_rows;
  put_number(out, rows.scales.size());
  put_number(out, rows.scales.empty() ? 0 : rows.dimension);
  for (std::size_t i = 0; i < rows.scales.size(); ++i) {
    put_number(out, embedding.name_pieces[i]);
    put_all(out, std::span(rows.scales).subspan(i, 1));
    put_all(out, std::span(rows.values).subspan(i * rows.dimension, rows.dimension));
  }
  return checksum_of(out) + out;
}

Result<DocumentEmbedding> embedding_from_bytes(std::string_view bytes) {
  const std::string_view rest = bytes.substr(std::min(bytes.size(), kChecksumBytes));
  Reader in(rest);
  DocumentEmbedding out;
  const bool is_whole = bytes.starts_with(checksum_of(rest)) && read_vector(in, out.vector) &&
                        !out.vector.empty() && read_vector(in, out.description) &&
                        read_pieces(in, out) && read_name_rows(in, out);
  if (!is_whole || in.size() != 0) {
    return fail(Errc::corrupt, "the stored embedding of a tool is damaged");
  }
  return out;
}

}  // namespace mcpo::search
