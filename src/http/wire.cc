#include "http/wire.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace mcpo::http::wire {
namespace {

void append_fields(std::string& out, const Headers& headers) {
  for (const auto& [name, value] : headers.fields()) {
    if (!is_valid_field(name, value)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
}

}  // namespace

std::string response_head(int status, const Headers& headers, const Headers& framing) {
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(reason_phrase(status)).append("\r\n");
  append_fields(out, headers);
  append_fields(out, framing);
  return out.append("\r\n");
}

std::string request_head(const Request& request, const Headers& framing) {
  std::string out = request.method + " " + request.target + " HTTP/1.1\r\n";
  append_fields(out, framing);
  append_fields(out, request.headers);
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

std::string chunk(std::string_view bytes) {
  char size[20];
  const auto [end, error] = std::to_chars(size, size + sizeof size, bytes.size(), 16);
  std::string out;
  out.reserve(bytes.size() + 24);
  return out.append(size, end).append("\r\n").append(bytes).append("\r\n");
}

bool is_valid_field(std::string_view name, std::string_view value) {
  const bool name_ok = !name.empty() && std::ranges::all_of(name, [](char c) {
    return c > ' ' && c != ':' && static_cast<unsigned char>(c) < 127;
  });
  return name_ok && std::ranges::all_of(value, [](char c) {
           return static_cast<unsigned char>(c) >= ' ' ? c != 127 : c == '\t';
         });
}

}  // namespace mcpo::http::wire
