// Server-sent events (WHATWG HTML, section 9.2): an incremental decoder and an encoder.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace mcpo::http {

struct SseEvent {
  std::string type = "message";
  std::string data;
  std::string id;  // the last event id in force
  bool operator==(const SseEvent&) const = default;
};

// Push parser: bytes in at any split, whole events out. CR, LF, CRLF, BOM, comments and several
// data lines as the standard says; events without data are not given out.
class SseDecoder {
 public:
  explicit SseDecoder(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}
  // too_large: one event exceeds the limit; the decoder is then of no further use.
  Result<std::vector<SseEvent>> push(std::string_view bytes);
  std::optional<Millis> retry() const { return retry_; }
  // Of the last whole event: what a reconnection sends as Last-Event-ID.
  const std::string& last_event_id() const { return last_id_; }

 private:
  void take_line(std::string_view line, std::vector<SseEvent>& events);
  void take_field(std::string_view name, std::string_view value);
  void end_event(std::vector<SseEvent>& events);

  std::size_t max_event_bytes_;
  std::string line_;
  std::string data_;
  std::string type_;
  std::string id_;  // becomes last_id_ when its event ends
  std::string last_id_;
  std::optional<Millis> retry_;
  bool after_cr_ = false;
  bool at_start_ = true;
  bool has_data_ = false;
};

// "event: message\ndata: ...\n\n". Data must not hold line breaks outside JSON escapes; those that
// it has become several data lines.
std::string encode_event(const SseEvent& event);
std::string encode_comment(std::string_view text);  // ": keep-alive\n\n"

}  // namespace mcpo::http
