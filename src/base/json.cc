#include "base/json.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_map>

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

std::optional<std::int64_t> integer(std::string_view digits) {
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

// 7.0 or 12e2, by moving the point: a double would round 9007199254740993.0 to its neighbour.
std::optional<std::int64_t> integer_of_decimal(std::string_view number) {
  const auto e = number.find_first_of("eE");
  std::string_view mantissa = number.substr(0, e);
  const bool negative = mantissa.starts_with('-');
  if (negative) mantissa.remove_prefix(1);
  const auto point = mantissa.find('.');
  const std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : mantissa.substr(point + 1);
  std::string digits(mantissa.substr(0, point));
  digits.append(fraction);
  const auto last = digits.find_last_not_of('0');
  if (last == std::string::npos) return 0;

  int power = 0;
  if (e != std::string_view::npos) {
    std::string_view text = number.substr(e + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), power);
    if (error != std::errc()) return std::nullopt;
  }
  const auto zeros = std::int64_t{power} + static_cast<std::int64_t>(digits.size() - 1 - last) -
                     static_cast<std::int64_t>(fraction.size());
  digits.resize(last + 1);
  digits.erase(0, digits.find_first_not_of('0'));
  constexpr std::int64_t kMostDigits = 19;
  if (zeros < 0 || zeros + static_cast<std::int64_t>(digits.size()) > kMostDigits) {
    return std::nullopt;
  }
  digits.append(static_cast<std::size_t>(zeros), '0');
  if (negative) digits.insert(0, "-");
  return integer(digits);
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
  if (text_.find_first_of(".eE") != std::string_view::npos) return integer_of_decimal(text_);
  return integer(text_);
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
  std::unordered_map<std::string, std::size_t> seen;
  std::vector<std::string> out;
  for (const auto& member : object.members()) {
    std::string name = member.name();
    if (++seen[name] == 2) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace mcpo
