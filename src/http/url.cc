#include "http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.h"
#include "http/url_path.h"

namespace mcpo::http {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

// RFC 3986 section 3.1, in front of the first ':', if it is one.
std::string_view scheme_of(std::string_view text) {
  const auto end = text.find(':');
  if (end == std::string_view::npos || end == 0 || !is_alnum(text[0])) return {};
  const auto scheme = text.substr(0, end);
  const bool valid = std::ranges::all_of(
      scheme, [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; });
  return valid ? scheme : std::string_view();
}

bool has_blank_or_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

// What RFC 3986 does not allow in a path or query, such as non-ASCII, is percent-encoded.
std::string encode_target(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos) {
      out += c;
    } else {
      out += '%';
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 15];
    }
  }
  return out;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_reg_name(std::string_view host) {
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
    return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
  });
}

Result<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) {
    return fail(Errc::invalid, "URL port is not a number from 1 to 65535");
  }
  return port;
}

Result<void> parse_authority(std::string_view text, Url& url) {
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    url.userinfo = text.substr(0, at);
    text.remove_prefix(at + 1);
  }
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return fail(Errc::invalid, "URL host lacks its ']'");
    url.host = ascii_lower(text.substr(1, close - 1));
    if (!is_ipv6(url.host)) return fail(Errc::invalid, "URL host in [] is not an IPv6 address");
    port = text.substr(close + 1);
    if (!port.empty() && port[0] != ':') {
      return fail(Errc::invalid, "URL has text between host and port");
    }
  } else {
    const auto colon = text.find(':');
    url.host = ascii_lower(text.substr(0, colon));
    if (url.host.empty()) return fail(Errc::invalid, "URL has no host");
    if (!is_reg_name(url.host)) {
      return fail(Errc::invalid, "URL host holds characters that no host name has");
    }
    if (colon != std::string_view::npos) port = text.substr(colon);
  }
  url.port = default_port(url.scheme);
  if (port.size() > 1) {
    TRY(url.port, parse_port(port.substr(1)));
  }
  return {};
}

std::string_view path_of(const Url& url) {
  return std::string_view(url.target).substr(0, url.target.find('?'));
}

}  // namespace

std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_in_folder = false;
  for (const std::string_view segment : split(path.substr(1), '/')) {
    ends_in_folder = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_in_folder) kept.push_back(segment);
  }
  std::string out;
  for (const std::string_view segment : kept) out.append("/").append(segment);
  if (ends_in_folder || out.empty()) out += '/';
  return out;
}

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) out += ":" + std::to_string(port);
  return out;
}

std::string Url::origin() const {
  std::string out = scheme + "://";
  if (!unix_socket.empty()) return out + "unix:" + unix_socket;
  out += host.find(':') == std::string::npos ? host : "[" + host + "]";
  out += ":" + std::to_string(port);
  return out;
}

std::string Url::str() const {
  return scheme + "://" + (userinfo.empty() ? "" : userinfo + "@") + authority() + target;
}

std::string Url::redacted() const {
  std::string out = scheme + "://" + authority();
  out += path_of(*this);
  const auto mark = target.find('?');
  if (mark == std::string::npos) return out;
  char separator = '?';
  for (const std::string_view pair : split(std::string_view(target).substr(mark + 1), '&')) {
    out += separator;
    separator = '&';
    // A parameter without a name may itself be the secret.
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) out.append(pair.substr(0, equals + 1));
    if (!pair.empty()) out += "***";
  }
  return out;
}

Result<Url> parse_url(std::string_view text) {
  text = trim(text);
  if (has_blank_or_control(text)) {
    return fail(Errc::invalid, "URL holds blanks or control characters");
  }
  Url url;
  url.scheme = ascii_lower(scheme_of(text));
  const std::size_t after = url.scheme.size();
  if ((url.scheme != "http" && url.scheme != "https") || text.substr(after, 3) != "://") {
    return fail(Errc::invalid, "URL must begin with http:// or https://");
  }
  text.remove_prefix(after + 3);
  const auto authority_end = text.find_first_of("/?#");
  CHECK_OK(parse_authority(text.substr(0, authority_end), url));
  if (authority_end != std::string_view::npos) {
    text.remove_prefix(authority_end);
    url.target = encode_target(text.substr(0, text.find('#')));
  }
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

Url unix_url(std::string socket_path) {
  return {.scheme = "http",
          .userinfo = "",
          .host = "localhost",
          .port = 80,
          .target = "/",
          .unix_socket = std::move(socket_path)};
}

Result<Url> resolve(const Url& base, std::string_view reference) {
  if (const auto scheme = scheme_of(reference);
      !scheme.empty() && scheme.size() < reference.find_first_of("/?#")) {
    return parse_url(reference);
  }
  if (reference.starts_with("//")) return parse_url(base.scheme + ":" + std::string(reference));
  if (has_blank_or_control(reference)) {
    return fail(Errc::invalid, "URL reference holds blanks or control characters");
  }
  const std::string encoded = encode_target(reference.substr(0, reference.find('#')));
  const auto mark = std::min(encoded.find('?'), encoded.size());
  std::string path = encoded.substr(0, mark);
  std::string query = encoded.substr(mark);
  const std::string_view base_path = path_of(base);
  if (path.empty()) {
    path = base_path;
    if (query.empty()) query = base.target.substr(base_path.size());
  } else {
    if (path[0] != '/') path.insert(0, base_path.substr(0, base_path.rfind('/') + 1));
    path = without_dot_segments(path);
  }
  Url url = base;
  url.target = path + query;
  return url;
}

bool is_loopback_host(std::string_view host) {
  if (iequals_ascii(host, "localhost") || iequals_ascii(host, "localhost.")) return true;
  const std::string text(host);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

}  // namespace mcpo::http
