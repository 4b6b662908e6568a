#include "http/sse.h"

#include <algorithm>
#include <charconv>

namespace mcpo::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Splits at CR, LF and CRLF; always at least one line.
template <class F>
void for_each_line(std::string_view text, F use) {
  while (true) {
    const auto end = text.find_first_of("\r\n");
    use(text.substr(0, end));
    if (end == std::string_view::npos) return;
    const bool both = text[end] == '\r' && text.substr(end + 1).starts_with('\n');
    text.remove_prefix(end + (both ? 2 : 1));
  }
}

bool is_one_line(std::string_view text) {
  return text.find_first_of("\r\n") == std::string_view::npos;
}

}  // namespace

Result<std::vector<SseEvent>> SseDecoder::push(std::string_view bytes) {
  std::vector<SseEvent> events;
  // Looked for once, not once a line: a flood of CRs must not make this quadratic.
  std::size_t line_feed = bytes.find('\n');
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (line_feed != std::string_view::npos && line_feed < at) line_feed = bytes.find('\n', at);
    if (after_cr_) {
      after_cr_ = false;
      if (bytes[at] == '\n') {
        ++at;
        continue;
      }
    }
    const auto rest = bytes.substr(0, line_feed).substr(at);
    const std::size_t size = std::min(rest.find('\r'), rest.size());
    if (data_.size() + line_.size() + size > max_event_bytes_) {
      return fail(Errc::too_large, "an event of the stream exceeds the limit of " +
                                       std::to_string(max_event_bytes_) + " bytes");
    }
    const std::string_view part = rest.substr(0, size);
    at += size;
    if (at == bytes.size()) {
      line_.append(part);
      break;
    }
    after_cr_ = bytes[at] == '\r';
    ++at;
    if (line_.empty()) {
      take_line(part, events);
    } else {
      line_.append(part);
      take_line(line_, events);
      line_.clear();
    }
  }
  return events;
}

void SseDecoder::take_line(std::string_view line, std::vector<SseEvent>& events) {
  if (at_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  at_start_ = false;
  if (line.empty()) return end_event(events);
  const auto colon = line.find(':');
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  take_field(line.substr(0, colon), value);
}

// An empty name is a comment; unknown ones are ignored.
void SseDecoder::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) data_ += '\n';
    data_.append(value);
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (name == "retry") {
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (error == std::errc() && end == value.data() + value.size() && ms >= 0 && value[0] != '-') {
      retry_ = Millis(ms);
    }
  }
}

void SseDecoder::end_event(std::vector<SseEvent>& events) {
  last_id_ = id_;
  if (has_data_) {
    SseEvent event{.data = std::move(data_), .id = last_id_};
    if (!type_.empty()) event.type = std::move(type_);
    events.push_back(std::move(event));
  }
  data_.clear();
  type_.clear();
  has_data_ = false;
}

std::string encode_event(const SseEvent& event) {
  std::string out;
  out.reserve(event.data.size() + event.type.size() + event.id.size() + 32);
  if (!event.id.empty() && is_one_line(event.id) && event.id.find('\0') == std::string::npos)
    out.append("id: ").append(event.id).append("\n");
  if (is_one_line(event.type)) out.append("event: ").append(event.type).append("\n");
  for_each_line(event.data,
                [&out](std::string_view line) { out.append("data: ").append(line).append("\n"); });
  out += '\n';
  return out;
}

std::string encode_comment(std::string_view text) {
  std::string out;
  for_each_line(text,
                [&out](std::string_view line) { out.append(": ").append(line).append("\n"); });
  out += '\n';
  return out;
}

}  // namespace mcpo::http
