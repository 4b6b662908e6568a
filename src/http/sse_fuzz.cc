// Event streams of others: any split gives the same events, and an event written anew is the same.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/sse.h"

namespace {

using namespace mcpo::http;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<SseEvent> events;
  bool failed = false;
  bool operator==(const Outcome&) const = default;
};

Outcome decode(std::string_view text, std::size_t piece) {
  SseDecoder decoder(256);
  Outcome out;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    auto events = decoder.push(text.substr(at, piece));
    if (!events) return {{}, true};
    out.events.insert(out.events.end(), events->begin(), events->end());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Outcome whole = decode(text, size + 1);
  require(decode(text, 1) == whole);
  require(decode(text, 3) == whole);
  for (const SseEvent& event : whole.events) {
    SseDecoder decoder(4096);
    auto again = decoder.push(encode_event(event));
    require(again.has_value() && again->size() == 1 && again->front() == event);
  }
  SseDecoder decoder(std::size_t{1} << 20);
  auto none = decoder.push(encode_comment(text));
  require(none.has_value() && none->empty());
  return 0;
}
