#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/json_scan.h"
#include "base/text.h"

namespace mcpo {
namespace {

using json_scan::is_digit;
using json_scan::is_space;

// Checks one document from left to right, without recursion: depth costs a byte each.
class Validator {
 public:
  Validator(std::string_view text, const JsonLimits& limits)
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), limits_(limits) {}

  Result<RawJson> run() {
    skip_space();
    const char* start = at_;
    if (!document()) return std::unexpected(std::move(error_));
    const char* stop = at_;
    skip_space();
    if (at_ != end_) {
      wrong("there is something after the JSON value");
      return std::unexpected(std::move(error_));
    }
    return RawJson::trusted({start, static_cast<std::size_t>(stop - start)});
  }

 private:
  bool document() {
    while (true) {
      skip_space();
      if (at_ == end_) return wrong("the text ends where a value is expected");
      bool closed = false;
      if (*at_ == '{' || *at_ == '[') {
        if (!open(closed)) return false;
        if (!closed) continue;
      } else if (!scalar()) {
        return false;
      }
      bool more = false;
      if (!after_value(more)) return false;
      if (!more) return true;
    }
  }

  // At an opening bracket. An empty container is closed at once.
  bool open(bool& closed) {
    if (static_cast<int>(stack_.size()) >= limits_.max_depth) {
      error_ = {Errc::too_large, "JSON is nested deeper than " + std::to_string(limits_.max_depth) +
                                     " levels, at " + position()};
      return false;
    }
    const char bracket = *at_++;
    skip_space();
    if (at_ != end_ && *at_ == (bracket == '{' ? '}' : ']')) {
      ++at_;
      closed = true;
      return true;
    }
    stack_.push_back(bracket);
    return bracket == '[' || key();
  }

  // After a value: the next value's place, or the end of everything.
  bool after_value(bool& more) {
    while (!stack_.empty()) {
      skip_space();
      if (at_ == end_) return wrong("the text ends inside an array or object");
      const bool object = stack_.back() == '{';
      if (*at_ == ',') {
        ++at_;
        more = true;
        return !object || key();
      }
      if (*at_ != (object ? '}' : ']')) {
        return wrong(object ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      ++at_;
      stack_.pop_back();
    }
    return true;
  }

  bool key() {
    skip_space();
    if (at_ == end_ || *at_ != '"') return wrong("expected a member name in quotes");
    if (!string()) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return wrong("expected ':' after a member name");
    ++at_;
    return true;
  }

  bool scalar() {
    switch (*at_) {
      case '"':
        return string();
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }

  bool word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) {
      return wrong("this is not a JSON value");
    }
    at_ += expected.size();
    return true;
  }

  bool digits() {
    if (at_ == end_ || !is_digit(*at_)) return wrong("expected a digit");
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
  }

  bool number() {
    if (*at_ != '-' && !is_digit(*at_)) return wrong("this is not a JSON value");
    if (*at_ == '-') ++at_;
    if (at_ != end_ && *at_ == '0') {
      ++at_;
      if (at_ != end_ && is_digit(*at_)) return wrong("a number must not start with 0");
    } else if (!digits()) {
      return false;
    }
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits()) return false;
    }
    return true;
  }

  bool string() {
    const char* start = ++at_;
    bool non_ascii = false;
    while (true) {
      at_ = json_scan::find_special(at_, end_, non_ascii);
      if (at_ == end_) return wrong("the text ends inside a string");
      if (*at_ == '"') break;
      if (*at_ != '\\') return wrong("a control character in a string must be escaped");
      if (!escape()) return false;
    }
    const std::string_view inside(start, static_cast<std::size_t>(at_ - start));
    if (non_ascii && !is_valid_utf8(inside)) {
      at_ = start;
      return wrong("a string is not valid UTF-8");
    }
    ++at_;
    return true;
  }

  bool escape() {
    ++at_;
    if (at_ == end_) return wrong("the text ends inside a string");
    if (*at_ == 'u') {
      for (int i = 0; i < 4; ++i) {
        ++at_;
        if (at_ == end_ || json_scan::hex_value(*at_) < 0) {
          return wrong("\\u needs four hexadecimal digits");
        }
      }
    } else if (std::strchr("\"\\/bfnrt", *at_) == nullptr || *at_ == '\0') {
      return wrong("unknown escape in a string");
    }
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ != end_ && is_space(*at_)) ++at_;
  }

  std::string position() const {
    const std::string_view before(begin_, static_cast<std::size_t>(at_ - begin_));
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto newline = before.rfind('\n');
    const auto column =
        newline == std::string_view::npos ? before.size() : before.size() - newline - 1;
    return "line " + std::to_string(line) + ", column " + std::to_string(column + 1);
  }

  bool wrong(std::string_view what) {
    error_ = {Errc::invalid, position() + ": " + std::string(what)};
    return false;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const JsonLimits& limits_;
  std::string stack_;
  Error error_;
};

// The text between the brackets of a container, without white space at its ends.
std::string_view inside(std::string_view container) {
  container.remove_prefix(1);
  container.remove_suffix(1);
  return json_scan::skip_space(container);
}

// `rest` after the value that starts it: past the comma, or the end.
std::string_view next_item(std::string_view rest) {
  rest = json_scan::skip_space(rest);
  if (rest.starts_with(',')) rest = json_scan::skip_space(rest.substr(1));
  return rest;
}

std::string_view value_of_member(std::string_view rest) {
  rest.remove_prefix(json_scan::value_size(rest));
  rest = json_scan::skip_space(rest);
  return json_scan::skip_space(rest.substr(1));
}

std::string_view first_value(std::string_view rest) {
  return rest.substr(0, json_scan::value_size(rest));
}

}  // namespace

Result<RawJson> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(Errc::too_large, "JSON text of " + std::to_string(text.size()) +
                                     " bytes; allowed are " + std::to_string(limits.max_bytes));
  }
  return Validator(text, limits).run();
}

JsonKind RawJson::kind() const {
  switch (text_.empty() ? 'n' : text_.front()) {
    case '{':
      return JsonKind::object;
    case '[':
      return JsonKind::array;
    case '"':
      return JsonKind::string;
    case 't':
    case 'f':
      return JsonKind::boolean;
    case 'n':
      return JsonKind::null;
    default:
      return JsonKind::number;
  }
}

std::optional<std::string> RawJson::as_string() const {
  if (!is_string()) return std::nullopt;
  return json_scan::unescaped(text_.substr(1, text_.size() - 2));
}

std::optional<bool> RawJson::as_bool() const {
  if (kind() != JsonKind::boolean) return std::nullopt;
  return text_.front() == 't';
}

std::optional<std::int64_t> RawJson::as_int64() const {
  if (kind() != JsonKind::number) return std::nullopt;
  std::int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto [stop, error] = std::from_chars(text_.data(), end, value);
  if (error != std::errc()) return std::nullopt;
  if (stop == end) return value;
  // 7.0 or 7e2: exact only where a double holds every integer.
  const auto number = as_double();
  constexpr double kExact = 9007199254740992.0;
  if (!number || std::trunc(*number) != *number || std::abs(*number) > kExact) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<double> RawJson::as_double() const {
  if (kind() != JsonKind::number) return std::nullopt;
  double value = 0;
  const auto [stop, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

RawJson::Range<RawJson::MemberIterator> RawJson::members() const {
  if (!is_object()) return {};
  const std::string_view rest = inside(text_);
  return {MemberIterator(rest), MemberIterator(rest.substr(rest.size()))};
}

RawJson::Range<RawJson::ElementIterator> RawJson::elements() const {
  if (!is_array()) return {};
  const std::string_view rest = inside(text_);
  return {ElementIterator(rest), ElementIterator(rest.substr(rest.size()))};
}

std::optional<RawJson> RawJson::find(std::string_view key) const {
  for (const Member& member : members()) {
    if (member.key_is(key)) return member.value;
  }
  return std::nullopt;
}

std::size_t RawJson::size() const {
  std::size_t count = 0;
  for ([[maybe_unused]] const Member& member : members()) ++count;
  for ([[maybe_unused]] RawJson element : elements()) ++count;
  return count;
}

RawJson::Member RawJson::MemberIterator::operator*() const {
  return {RawJson(first_value(rest_)), RawJson(first_value(value_of_member(rest_)))};
}

RawJson::MemberIterator& RawJson::MemberIterator::operator++() {
  const std::string_view value = value_of_member(rest_);
  rest_ = next_item(value.substr(json_scan::value_size(value)));
  return *this;
}

RawJson::MemberIterator RawJson::MemberIterator::operator++(int) {
  MemberIterator before = *this;
  ++*this;
  return before;
}

RawJson RawJson::ElementIterator::operator*() const { return RawJson(first_value(rest_)); }

RawJson::ElementIterator& RawJson::ElementIterator::operator++() {
  rest_ = next_item(rest_.substr(json_scan::value_size(rest_)));
  return *this;
}

RawJson::ElementIterator RawJson::ElementIterator::operator++(int) {
  ElementIterator before = *this;
  ++*this;
  return before;
}

bool RawJson::Member::key_is(std::string_view name) const {
  const std::string_view inner = key.text().substr(1, key.text().size() - 2);
  if (inner.find('\\') == std::string_view::npos) return inner == name;
  return json_scan::unescaped(inner) == name;
}

std::vector<std::string> duplicate_members(RawJson object) {
  std::vector<std::string> names;
  std::vector<std::string> out;
  for (const auto& member : object.members()) {
    std::string name = member.name();
    if (std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    } else if (std::ranges::find(out, name) == out.end()) {
      out.push_back(std::move(name));
    }
  }
  return out;
}

}  // namespace mcpo
