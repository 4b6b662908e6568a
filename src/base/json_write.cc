// The writing half of json.h, and the two ways in which text is rewritten.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/text.h"

namespace mcpo {
namespace {

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out.append("\\\"");
      return;
    case '\\':
      out.append("\\\\");
      return;
    case '\n':
      out.append("\\n");
      return;
    case '\r':
      out.append("\\r");
      return;
    case '\t':
      out.append("\\t");
      return;
    default:
      constexpr std::string_view kDigits = "0123456789abcdef";
      out.append("\\u00");
      out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
}

// Where the string that starts at `at` ends (past its quote), or the end of the text: the text may
// not be JSON at all.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"' && text[at] != '\n'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// A block comment without an end stays, so that the parser complains about its start.
std::size_t blank_comment(std::string& text, std::size_t at) {
  const bool block = text[at + 1] == '*';
  std::size_t end = block ? text.find("*/", at + 2) : text.find('\n', at);
  if (end == std::string::npos) {
    end = text.size();
    if (block) return end;
  } else if (block) {
    end += 2;
  }
  for (; at < end; ++at) {
    if (text[at] != '\n') text[at] = ' ';
  }
  return end;
}

bool ends_a_value(char c) {
  return c != '\0' && std::string_view("[{,:").find(c) == std::string_view::npos;
}

}  // namespace

std::string without_comments(std::string_view text) {
  std::string out(text);
  std::size_t comma = 0;  // where the last comma after a value stands
  char before = '\0';     // the last character that is neither white space nor in a comment
  for (std::size_t at = 0; at < out.size();) {
    const char c = out[at];
    if (c == '/' && at + 1 < out.size() && (out[at + 1] == '/' || out[at + 1] == '*')) {
      at = blank_comment(out, at);
      continue;
    }
    if ((c == '}' || c == ']') && before == ',') out[comma] = ' ';
    // A comma that ends nothing, as in "[,]", is left for the parser to complain about.
    if (c != ',' || ends_a_value(before)) {
      if (c == ',') comma = at;
      if (!json_scan::is_space(c)) before = c;
    }
    at = c == '"' ? end_of_string(out, at) : at + 1;
  }
  return out;
}

std::string minified(RawJson value) {
  const std::string_view text = value.text();
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      const std::size_t size = json_scan::value_size(text.substr(at));
      out.append(text.substr(at, size));
      at += size;
    } else {
      if (!json_scan::is_space(text[at])) out.push_back(text[at]);
      ++at;
    }
  }
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  bool non_ascii = false;
  const char* at = text.data();
  const char* end = at + text.size();
  const std::size_t start = out.size();
  out.push_back('"');
  while (at != end) {
    const char* special = json_scan::find_special(at, end, non_ascii);
    out.append(at, special);
    at = special;
    if (at != end) append_escaped(out, *at++);
  }
  out.push_back('"');
  if (!non_ascii || is_valid_utf8(text)) return;
  const std::string repaired = to_valid_utf8(text);
  out.resize(start);
  append_json_string(out, repaired);
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void JsonWriter::separate() {
  if (need_comma_) out_.push_back(',');
  need_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_.push_back('{');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  out_.push_back('}');
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_.push_back('[');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_.push_back(']');
  need_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_.push_back(':');
  need_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::string(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::number(std::int64_t value) {
  separate();
  out_.append(std::to_string(value));
  return *this;
}

JsonWriter& JsonWriter::number(double value) {
  if (!std::isfinite(value)) return null();
  separate();
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  out_.append(buffer, end);
  return *this;
}

JsonWriter& JsonWriter::boolean(bool value) {
  separate();
  out_.append(value ? "true" : "false");
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_.append("null");
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_.append(json);
  return *this;
}

}  // namespace mcpo
