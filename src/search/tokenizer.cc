#include "search/tokenizer.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace mcpo::search {
namespace {

enum class Kind : std::uint8_t { none, lower, upper, digit, letter, mark, cjk, underscore, quote };

constexpr std::array<Kind, 128> ascii_kinds() {
  std::array<Kind, 128> out{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) out[c] = Kind::lower;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) out[c] = Kind::upper;
  for (std::size_t c = '0'; c <= '9'; ++c) out[c] = Kind::digit;
  out['_'] = Kind::underscore;
  out['\''] = Kind::quote;
  return out;
}
constexpr auto kAsciiKinds = ascii_kinds();

bool is_cjk(char32_t c) {
  return (c >= 0x3040 && c <= 0x30ff) || (c >= 0x3400 && c <= 0x9fff) ||
         (c >= 0xac00 && c <= 0xd7af) || (c >= 0x20000 && c <= 0x3ffff);
}

Kind kind_of(char32_t c) {
  if (c < 128) return kAsciiKinds[c];
  if (is_cjk(c)) return Kind::cjk;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LL:
      return Kind::lower;
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LT:
      return Kind::upper;
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_NL:
      return Kind::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NO:
      return Kind::digit;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
      return Kind::mark;
    default:
      return Kind::none;
  }
}

// Cyrillic and Greek small and capital letters that look like Latin ones, and what they look like.
constexpr std::u32string_view kLookalikes = U"асеорхуіјѕԁһӏАВСЕНІЈКМОРЅТХУαοινρτυχκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ";
constexpr std::u32string_view kLooksLike = U"aceopxyijsdhlABCEHIJKMOPSTXYaoivptuxkABEZHIKMNOPTYX";
static_assert(kLookalikes.size() == kLooksLike.size());

bool is_latin(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }

// "dеlеtе" with Cyrillic letters among Latin ones is "delete"; words all in Cyrillic or Greek stay.
void fold_lookalikes(std::vector<utf8proc_int32_t>& points) {
  const auto is_letter = [](utf8proc_int32_t c) {
    return is_latin(static_cast<char32_t>(c)) || (c >= 0x370 && c < 0x530);
  };
  for (std::size_t at = 0; at < points.size();) {
    std::size_t end = at;
    bool has_latin = false;
    for (; end < points.size() && is_letter(points[end]); ++end) {
      has_latin = has_latin || is_latin(static_cast<char32_t>(points[end]));
    }
    for (std::size_t i = at; has_latin && i < end; ++i) {
      const std::size_t like = kLookalikes.find(static_cast<char32_t>(points[i]));
      if (like != kLookalikes.npos) points[i] = static_cast<utf8proc_int32_t>(kLooksLike[like]);
    }
    at = std::max(end, at + 1);
  }
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

// Compatibility decomposition without the accents of European scripts, composed again: so that
// "é" is "e" and a full-width "A" is "A", while Korean and Indic syllables stay whole.
std::u32string normalized(std::string_view text) {
  constexpr auto kOptions =
      static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_IGNORE);
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  std::vector<utf8proc_int32_t> points(text.size() + 1);
  auto count = utf8proc_decompose(bytes, size, points.data(), size, kOptions);
  if (count > size) {
    points.resize(static_cast<std::size_t>(count) + 1);
    count = utf8proc_decompose(bytes, size, points.data(), count, kOptions);
  }
  if (count < 0) return {};
  points.resize(static_cast<std::size_t>(count));
  std::erase_if(points, [](utf8proc_int32_t c) { return c >= 0x300 && c <= 0x36f; });
  std::ranges::replace(points, 0x2019, U'\'');
  fold_lookalikes(points);
  const auto kept = static_cast<utf8proc_ssize_t>(points.size());
  points.push_back(0);
  count = utf8proc_normalize_utf32(points.data(), kept,
                                   static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE));
  return {points.begin(), points.begin() + std::max<utf8proc_ssize_t>(count, 0)};
}

void push_utf8(char32_t c, Words& out) {
  if (c < 128) return out.push(static_cast<char>(c));
  std::array<utf8proc_uint8_t, 4> bytes{};
  const auto size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  for (std::size_t i = 0; i < static_cast<std::size_t>(size); ++i) {
    out.push(static_cast<char>(bytes[i]));
  }
}

void push_folded(char32_t c, Words& out) {
  if (c < 128) return out.push(static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c));
  std::array<utf8proc_int32_t, 8> folded{};
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), folded.data(), 8,
                                             UTF8PROC_CASEFOLD, nullptr);
  if (count <= 0 || count > 8) return push_utf8(c, out);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    push_utf8(static_cast<char32_t>(folded[i]), out);
  }
}

// Works on one text: code points and their kinds side by side. A mark has the kind of what it
// marks.
class Splitter {
 public:
  Splitter(std::u32string_view points, Words& out) : points_(points), out_(out) {
    kinds_.reserve(points.size());
    for (const char32_t c : points) {
      Kind kind = kind_of(c);
      if (kind == Kind::mark) kind = kinds_.empty() ? Kind::none : kinds_.back();
      kinds_.push_back(kind);
    }
  }

  void split() {
    for (std::size_t at = 0; at < kinds_.size();) {
      if (kinds_[at] == Kind::none) {
        ++at;
        continue;
      }
      const std::size_t end = end_of(at, [](Kind kind) { return kind != Kind::none; });
      split_run(at, end);
      at = end;
    }
  }

 private:
  template <class F>
  std::size_t end_of(std::size_t at, F belongs) const {
    while (at < kinds_.size() && belongs(kinds_[at])) ++at;
    return at;
  }

  // [at, end): letters, digits, `_`, quotes.
  void split_run(std::size_t at, std::size_t end) {
    const auto is_edge = [&](std::size_t i) {
      return kinds_[i] == Kind::underscore || kinds_[i] == Kind::quote;
    };
    while (at < end && is_edge(at)) ++at;
    while (end > at && is_edge(end - 1)) --end;
    const bool possessive = end - at > 2 && kinds_[end - 2] == Kind::quote &&
                            (points_[end - 1] == U's' || points_[end - 1] == U'S');
    if (possessive) end -= 2;
    while (at < end) {
      std::size_t stop = at;
      const Kind kind = kinds_[at];
      if (kind == Kind::underscore) {
        ++at;
        continue;
      }
      const bool cjk = kind == Kind::cjk;
      while (stop < end && kinds_[stop] != Kind::underscore && (kinds_[stop] == Kind::cjk) == cjk) {
        ++stop;
      }
      cjk ? add_cjk(at, stop) : add_piece(at, stop);
      at = stop;
    }
  }

  void add_cjk(std::size_t at, std::size_t end) {
    for (std::size_t i = at; i < end; ++i) {
      push_utf8(points_[i], out_);
      out_.close();
      if (i + 1 == end) break;
      push_utf8(points_[i], out_);
      push_utf8(points_[i + 1], out_);
      out_.close();
    }
  }

  // [at, end): no `_`. Its parts, and itself when there are several.
  void add_piece(std::size_t at, std::size_t end) {
    std::size_t parts = 0;
    for (std::size_t i = at; i < end;) {
      if (kinds_[i] == Kind::quote) {
        ++i;
        continue;
      }
      const std::size_t stop = end_of_part(i, end);
      for (; i < stop; ++i) {
        if (out_.open_bytes() < kMaxWordBytes) push_folded(points_[i], out_);
      }
      out_.close();
      ++parts;
    }
    if (parts < 2) return;
    for (std::size_t i = at; i < end && out_.open_bytes() <= kMaxWordBytes; ++i) {
      push_folded(points_[i], out_);
    }
    if (out_.open_bytes() > kMaxWordBytes) out_.drop_open();
    out_.close();
  }

  // HTTPServer -> HTTP Server; one capital belongs to the small letters after it.
  std::size_t end_of_part(std::size_t at, std::size_t end) const {
    const Kind kind = kinds_[at];
    std::size_t stop = at;
    while (stop < end && kinds_[stop] == kind) ++stop;
    if (kind != Kind::upper || stop == end || kinds_[stop] != Kind::lower) return stop;
    if (stop - at > 1) return stop - 1;
    while (stop < end && kinds_[stop] == Kind::lower) ++stop;
    return stop;
  }

  std::u32string_view points_;
  std::vector<Kind> kinds_;
  Words& out_;
};

}  // namespace

void split_words(std::string_view text, Words& out) {
  if (is_ascii(text)) return Splitter(std::u32string(text.begin(), text.end()), out).split();
  const std::u32string points =
      is_valid_utf8(text) ? normalized(text) : normalized(to_valid_utf8(text));
  Splitter(points, out).split();
}

}  // namespace mcpo::search
