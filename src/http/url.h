// Absolute http and https URLs (RFC 3986), taken apart once. What may be shown or stored is
// redacted(): user information and query values are secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpo::http {

struct Url {
  std::string scheme;      // "http" or "https", lower case
  std::string userinfo;    // without '@', may be empty; becomes a Basic Authorization header
  std::string host;        // lower case, IPv6 without brackets
  std::uint16_t port = 0;  // explicit or the scheme's default
  std::string target;      // path and query, at least "/"; no fragment
  // Not part of a URL's text: the Unix socket to connect to instead of host and port, which then
  // only fill the Host field. Absolute path; empty: none.
  std::string unix_socket;

  std::string authority() const;  // host[:port] for the Host field; IPv6 in brackets
  // scheme://host:port, or scheme://unix:/path, for pools and comparisons
  std::string origin() const;
  std::string str() const;  // the whole, with its secrets
  // "https://host/path?key=***": no userinfo, query names kept, values hidden.
  std::string redacted() const;
  bool operator==(const Url&) const = default;
};

// Errors: invalid (says what is wrong; never echoes userinfo or query).
Result<Url> parse_url(std::string_view text);
// http://localhost/ over a Unix socket.
Url unix_url(std::string socket_path);
// A reference resolved against a base (RFC 3986 section 5.2).
Result<Url> resolve(const Url& base, std::string_view reference);
bool is_loopback_host(std::string_view host);  // localhost, 127.0.0.0/8, ::1

}  // namespace mcpo::http
