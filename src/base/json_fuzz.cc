// Whatever the bytes: no crash, and what was accepted can be walked, rewritten and read again.
#include <cstdint>
#include <cstdlib>

#include "base/json.h"
#include "base/text.h"

namespace mcpo {
namespace {

void walk(RawJson value) {
  (void)value.as_string();
  (void)value.as_int64();
  (void)value.as_double();
  std::size_t count = 0;
  for (const auto& member : value.members()) {
    (void)member.name();
    walk(member.value);
    ++count;
  }
  for (RawJson element : value.elements()) {
    walk(element);
    ++count;
  }
  if (count != value.size()) std::abort();
}

void check(std::string_view text) {
  const auto doc = parse_json(text, {.max_depth = 64});
  if (!doc) return;
  walk(*doc);
  const std::string small = minified(*doc);
  const auto again = parse_json(small, {.max_depth = 64});
  if (!again || minified(*again) != small) std::abort();
}

}  // namespace
}  // namespace mcpo

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  mcpo::check(text);
  const std::string plain = mcpo::without_comments(text);
  if (plain.size() != text.size()) std::abort();
  if (mcpo::parse_json(text, {}) && plain != text) std::abort();
  mcpo::check(plain);
  const std::string quoted = mcpo::json_string(text);
  const auto read = mcpo::parse_json(quoted, {});
  if (!read || read->as_string() != mcpo::to_valid_utf8(text)) std::abort();
  return 0;
}
