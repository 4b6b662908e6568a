#include "http/message_writer.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/text.h"

namespace mcpo::http {
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c != ':' && static_cast<unsigned char>(c) < 127;
  });
}

bool is_value(std::string_view value) {
  return std::ranges::all_of(
      value, [](char c) { return static_cast<unsigned char>(c) >= ' ' ? c != 127 : c == '\t'; });
}

bool is_framing(std::string_view name) {
  switch (name.size()) {
    case 10:
      return iequals_ascii(name, "Connection") || iequals_ascii(name, "Keep-Alive");
    case 14:
      return iequals_ascii(name, "Content-Length");
    case 17:
      return iequals_ascii(name, "Transfer-Encoding");
    default:
      return false;
  }
}

void append_fields(std::string& out, const Headers& headers, std::string_view ours) {
  for (const auto& [name, value] : headers.fields()) {
    if (!is_name(name) || !is_value(value)) continue;
    if (is_framing(name) || iequals_ascii(name, ours)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
}

}  // namespace

std::string response_head(int status, const Headers& headers, std::string_view framing) {
  std::string out;
  out.reserve(256);
  out.append("HTTP/1.1 ").append(std::to_string(status)).append(" ");
  out.append(reason_phrase(status)).append("\r\nDate: ").append(http_date()).append("\r\n");
  append_fields(out, headers, "Date");
  return out.append(framing).append("\r\n");
}

std::string request_head(std::string_view method, std::string_view target, const Headers& headers,
                         std::string_view framing) {
  std::string out;
  out.reserve(512);
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n").append(framing);
  append_fields(out, headers, "Host");
  return out.append("\r\n");
}

const std::string& http_date() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm utc{};
    ::gmtime_r(&now, &utc);
    char buffer[40];
    text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &utc));
    made_at = now;
  }
  return text;
}

std::string chunk_head(std::size_t size) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, size, 16);
  return std::string(digits, end).append("\r\n");
}

}  // namespace mcpo::http
