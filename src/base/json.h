// JSON as slices of the original text. A document is validated once; after that every value is a
// view that is walked on demand and can be passed on byte for byte: big integers, `1.0`, `1e400`,
// escapes, key order and unknown members stay as they came.
//
//   TRY(RawJson doc, parse_json(text, {}));
//   if (auto name = doc.find("name")) use(name->as_string());
//
// A RawJson borrows `text`: it must outlive every slice of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace mcpo {

struct JsonLimits {
  std::size_t max_bytes = std::size_t{64} << 20;  // over it: too_large
  int max_depth = 128;                            // nested arrays and objects; over it: too_large
};

enum class JsonKind { null, boolean, number, string, array, object };

class RawJson {
 public:
  struct Member;
  class MemberIterator;
  class ElementIterator;
  template <class It>
  struct Range {
    It first, last;
    It begin() const { return first; }
    It end() const { return last; }
  };

  RawJson() = default;  // the value `null`
  // For text that is known to be one valid JSON value without surrounding white space.
  static RawJson trusted(std::string_view text) { return RawJson(text); }

  std::string_view text() const { return text_; }  // exactly the value, no white space around it
  JsonKind kind() const;
  bool is_object() const { return kind() == JsonKind::object; }
  bool is_array() const { return kind() == JsonKind::array; }
  bool is_string() const { return kind() == JsonKind::string; }
  bool is_null() const { return kind() == JsonKind::null; }

  // nullopt when the value is of another kind (or, for integers, does not fit or is not integral).
  std::optional<std::string> as_string() const;  // unescaped; lone surrogates become U+FFFD
  std::optional<bool> as_bool() const;
  std::optional<std::int64_t> as_int64() const;  // accepts 7 and 7.0, not 7.5
  std::optional<double> as_double() const;

  // Ranges are empty for values of another kind. One pass over the text each.
  Range<MemberIterator> members() const;
  Range<ElementIterator> elements() const;
  // First member of that (unescaped) name; linear. nullopt for values that are not objects.
  std::optional<RawJson> find(std::string_view key) const;
  std::size_t size() const;  // members or elements; linear

 private:
  explicit RawJson(std::string_view text) : text_(text) {}
  std::string_view text_ = "null";
};

class RawJson::MemberIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = Member;
  using difference_type = std::ptrdiff_t;
  using reference = Member;
  using pointer = void;

  MemberIterator() = default;
  Member operator*() const;
  MemberIterator& operator++();
  MemberIterator operator++(int);
  bool operator==(const MemberIterator& other) const { return rest_.size() == other.rest_.size(); }

 private:
  friend class RawJson;
  explicit MemberIterator(std::string_view rest) : rest_(rest) { measure(); }
  void measure();
  std::string_view rest_;  // from this key's quote up to, not including, the closing brace
  std::string_view key_;   // what `rest_` starts with, measured once
  std::string_view value_;
};

class RawJson::ElementIterator {
 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = RawJson;
  using difference_type = std::ptrdiff_t;
  using reference = RawJson;
  using pointer = void;

  ElementIterator() = default;
  RawJson operator*() const;
  ElementIterator& operator++();
  ElementIterator operator++(int);
  bool operator==(const ElementIterator& other) const { return rest_.size() == other.rest_.size(); }

 private:
  friend class RawJson;
  explicit ElementIterator(std::string_view rest) : rest_(rest) { measure(); }
  void measure();
  std::string_view rest_;
  std::string_view value_;  // what `rest_` starts with, measured once
};

struct RawJson::Member {
  RawJson key;  // a string; key_is() compares without allocating when there are no escapes
  RawJson value;

  bool key_is(std::string_view name) const;
  std::string name() const { return key.as_string().value_or(""); }
};

// Validates the whole text: RFC 8259 grammar, valid UTF-8, limits. One value, white space allowed
// around it. Errors: invalid (says what and at which line and column), too_large.
Result<RawJson> parse_json(std::string_view text, const JsonLimits& limits);

// For configuration files that people edit: replaces // and /* */ comments and trailing commas by
// spaces, so that positions in error messages stay right.
std::string without_comments(std::string_view text);

// Names that occur twice in an object, each once, in order of their second occurrence.
std::vector<std::string> duplicate_members(RawJson object);

// The value as minified text: white space outside strings removed, nothing else changed.
std::string minified(RawJson value);

// Appends `text` as a JSON string with quotes. Malformed UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

// Builds JSON text. Commas are its business; balanced begin/end are the caller's.
//   JsonWriter w; w.begin_object().member("name", "x").key("tool").raw(slice).end_object();
class JsonWriter {
 public:
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& number(std::int64_t value);
  JsonWriter& number(double value);  // shortest form that reads back; not finite becomes null
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  JsonWriter& raw(std::string_view json);  // must be one valid JSON value
  JsonWriter& raw(RawJson value) { return raw(value.text()); }

  JsonWriter& member(std::string_view name, std::string_view value) {
    return key(name).string(value);
  }
  JsonWriter& member(std::string_view name, const char* value) { return key(name).string(value); }
  JsonWriter& member(std::string_view name, RawJson value) { return key(name).raw(value); }
  JsonWriter& member_number(std::string_view name, std::int64_t value) {
    return key(name).number(value);
  }
  JsonWriter& member_bool(std::string_view name, bool value) { return key(name).boolean(value); }

  const std::string& text() const& { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void separate();
  std::string out_;
  bool need_comma_ = false;
};

}  // namespace mcpo
