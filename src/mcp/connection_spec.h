// How to reach a server. Holds secrets (environment, headers, URLs): it stays in memory, is never
// stored, logged or shown. Equality says whether a reconnect is needed.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "http/url.h"

namespace mcpo::mcp {

struct StdioSpec {
  std::string command;
  std::vector<std::string> args;
  std::map<std::string, std::string> env;  // added to our own environment
  std::string cwd;                         // empty: ours
  bool operator==(const StdioSpec&) const = default;
};

enum class HttpKind {
  detect,  // streamable HTTP, falling back to HTTP+SSE (2026-07-28 streamable-http, Backward
           // Compatibility)
  streamable,
  sse,  // HTTP+SSE of 2024-11-05
};

struct HttpSpec {
  http::Url url;
  std::map<std::string, std::string> headers;
  HttpKind kind = HttpKind::detect;
  bool operator==(const HttpSpec&) const = default;
};

using ConnectionSpec = std::variant<StdioSpec, HttpSpec>;

// Everything that makes two specs differ, as one text for keyed_hash(): secret.
std::string fingerprint_text(const ConnectionSpec& spec);
// "stdio: npx", "http: https://host/path?key=***": safe to show.
std::string describe(const ConnectionSpec& spec);
std::string_view transport_name(const ConnectionSpec& spec);  // stdio, streamable-http, sse

}  // namespace mcpo::mcp
