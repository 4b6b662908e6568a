#include "http/sse.h"

#include <charconv>

namespace mcpo::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::optional<Millis> to_retry(std::string_view value) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || error != std::errc() || end != value.data() + value.size() || number < 0) {
    return std::nullopt;
  }
  return Millis(number);
}

}  // namespace

Result<std::vector<SseEvent>> SseDecoder::push(std::string_view bytes) {
  std::vector<SseEvent> out;
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const auto end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + data_.size() > max_event_bytes_) {
      return fail(Errc::too_large, "one event of the stream is larger than " +
                                       std::to_string(max_event_bytes_) + " bytes");
    }
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    if (auto event = end_line()) out.push_back(*std::move(event));
  }
  return out;
}

std::optional<SseEvent> SseDecoder::end_line() {
  std::string_view line = line_;
  if (at_start_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  at_start_ = false;
  std::optional<SseEvent> out;
  if (line.empty()) {
    out = dispatch();
  } else {
    take_field(line);
  }
  line_.clear();
  return out;
}

std::optional<SseEvent> SseDecoder::dispatch() {
  std::optional<SseEvent> out;
  if (has_data_) {
    data_.pop_back();  // the line feed after the last data line
    out = SseEvent{type_.empty() ? "message" : std::move(type_), std::move(data_), last_id_};
  }
  data_ = {};
  type_ = {};
  has_data_ = false;
  return out;
}

void SseDecoder::take_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    data_.append(value).push_back('\n');
    has_data_ = true;
  } else if (name == "event") {
    type_ = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) last_id_ = value;
  } else if (name == "retry") {
    if (const auto retry = to_retry(value)) retry_ = retry;
  }
}

std::string encode_event(const SseEvent& event) {
  std::string out;
  out.reserve(event.data.size() + event.type.size() + event.id.size() + 32);
  if (!event.id.empty()) out.append("id: ").append(event.id).append("\n");
  out.append("event: ").append(event.type).append("\n");
  std::string_view rest = event.data;
  while (true) {
    const auto end = rest.find_first_of("\r\n");
    out.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    const bool pair = rest[end] == '\r' && end + 1 < rest.size() && rest[end + 1] == '\n';
    rest.remove_prefix(end + (pair ? 2 : 1));
  }
  return out.append("\n");
}

std::string encode_comment(std::string_view text) { return ": " + std::string(text) + "\n\n"; }

}  // namespace mcpo::http
