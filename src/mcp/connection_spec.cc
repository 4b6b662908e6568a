#include "mcp/connection_spec.h"

#include "base/text.h"

namespace mcpo::mcp {
namespace {

// Lengths first, so that no two different specs give the same text.
void append_field(std::string& out, std::string_view value) {
  out += std::to_string(value.size());
  out += ':';
  out += value;
}

void append_map(std::string& out, const std::map<std::string, std::string>& map) {
  append_field(out, std::to_string(map.size()));
  for (const auto& [key, value] : map) {
    append_field(out, key);
    append_field(out, value);
  }
}

std::string fingerprint(const StdioSpec& spec) {
  std::string out = "stdio ";
  append_field(out, spec.command);
  append_field(out, std::to_string(spec.args.size()));
  for (const std::string& arg : spec.args) append_field(out, arg);
  append_map(out, spec.env);
  append_field(out, spec.cwd);
  return out;
}

std::string fingerprint(const HttpSpec& spec) {
  std::string out = "http ";
  append_field(out, spec.url.str());
  append_map(out, spec.headers);
  append_field(out, std::to_string(static_cast<int>(spec.kind)));
  return out;
}

}  // namespace

std::string fingerprint_text(const ConnectionSpec& spec) {
  return std::visit([](const auto& kind) { return fingerprint(kind); }, spec);
}

// Arguments are left out: tokens are often among them.
std::string describe(const ConnectionSpec& spec) {
  if (const auto* stdio = std::get_if<StdioSpec>(&spec)) {
    return "stdio: " + to_valid_utf8(stdio->command);
  }
  return "http: " + std::get<HttpSpec>(spec).url.redacted();
}

std::string_view transport_name(const ConnectionSpec& spec) {
  const auto* http_spec = std::get_if<HttpSpec>(&spec);
  if (http_spec == nullptr) return "stdio";
  return http_spec->kind == HttpKind::sse ? "sse" : "streamable-http";
}

}  // namespace mcpo::mcp
