#include "base/json_scan.h"

#include <cstdint>
#include <cstring>

namespace mcpo::json_scan {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;

// High bit of every byte that is zero; exact as long as no lower byte is.
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }
constexpr std::uint64_t equal_bytes(std::uint64_t word, unsigned char c) {
  return zero_bytes(word ^ (kOnes * c));
}
constexpr std::uint64_t below_space(std::uint64_t word) {
  return (word - kOnes * 0x20) & ~word & kHighs;
}

std::uint64_t load_word(const char* at) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Past the string that starts at `at` (a quote), in valid text.
std::size_t string_size(std::string_view text) {
  std::size_t at = 1;
  while (true) {
    while (at + 8 <= text.size()) {
      const std::uint64_t word = load_word(text.data() + at);
      const std::uint64_t hits = equal_bytes(word, '"') | equal_bytes(word, '\\');
      if (hits != 0) {
        at += static_cast<std::size_t>(__builtin_ctzll(hits)) / 8;
        break;
      }
      at += 8;
    }
    if (at >= text.size()) return text.size();
    if (text[at] == '"') return at + 1;
    at += text[at] == '\\' ? 2 : 1;
  }
}

std::size_t container_size(std::string_view text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at += string_size(text.substr(at));
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return text.size();
}

void append_utf8(std::string& out, std::uint32_t code) {
  auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 63));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 63));
    put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }
}

std::uint32_t four_digits(std::string_view text) {
  std::uint32_t code = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    code = code << 4 | static_cast<std::uint32_t>(hex_value(text[i]));
  }
  return code;
}

// `rest` starts with the four digits after \u; returns how many characters were used.
std::size_t append_unicode(std::string& out, std::string_view rest) {
  const std::uint32_t code = four_digits(rest);
  const bool is_high = code >= 0xD800 && code < 0xDC00;
  if (is_high && rest.size() >= 10 && rest[4] == '\\' && rest[5] == 'u') {
    const std::uint32_t low = four_digits(rest.substr(6));
    if (low >= 0xDC00 && low < 0xE000) {
      append_utf8(out, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
      return 10;
    }
  }
  append_utf8(out, code >= 0xD800 && code < 0xE000 ? 0xFFFD : code);
  return 4;
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

}  // namespace

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

const char* find_special(const char* at, const char* end, bool& non_ascii) {
  std::uint64_t seen = 0;
  while (end - at >= 8) {
    const std::uint64_t word = load_word(at);
    seen |= word & kHighs;
    if ((equal_bytes(word, '"') | equal_bytes(word, '\\') | below_space(word)) != 0) break;
    at += 8;
  }
  non_ascii |= seen != 0;
  while (at != end) {
    const auto c = static_cast<unsigned char>(*at);
    if (c == '"' || c == '\\' || c < 0x20) break;
    non_ascii |= c >= 0x80;
    ++at;
  }
  return at;
}

std::size_t value_size(std::string_view text) {
  if (text.empty()) return 0;
  if (text.front() == '"') return string_size(text);
  if (text.front() == '{' || text.front() == '[') return container_size(text);
  const auto end = text.find_first_of(",]} \n\r\t");
  return end == std::string_view::npos ? text.size() : end;
}

std::string unescaped(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  while (true) {
    const auto at = inside.find('\\');
    out.append(inside.substr(0, at));
    if (at == std::string_view::npos) return out;
    const char kind = inside[at + 1];
    inside.remove_prefix(at + 2);
    if (kind == 'u') {
      inside.remove_prefix(append_unicode(out, inside));
    } else {
      out.push_back(simple_escape(kind));
    }
  }
}

}  // namespace mcpo::json_scan
