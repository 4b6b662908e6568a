// A JSON object written member by member, keys of copied members as the bytes that came: what
// JsonWriter cannot do, because it writes keys afresh.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"

namespace mcpo::mcp {

class ObjectText {
 public:
  ObjectText& copy(const RawJson::Member& member) {
    return append(member.key.text(), member.value.text());
  }
  // `value` is raw JSON.
  ObjectText& add(std::string_view name, std::string_view value) {
    return append(json_string(name), value);
  }
  bool empty() const { return text_.size() == 1; }
  // The finished object; once.
  std::string take() {
    text_ += '}';
    return std::move(text_);
  }

 private:
  ObjectText& append(std::string_view key, std::string_view value) {
    if (!empty()) text_ += ',';
    text_.append(key).append(":").append(value);
    return *this;
  }
  std::string text_ = "{";
};

}  // namespace mcpo::mcp
