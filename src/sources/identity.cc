#include "sources/identity.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "base/text.h"
#include "http/url_path.h"

namespace mcpo::sources {
namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_unreserved(char c) {  // RFC 3986 section 2.3
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool has_blank_or_control(std::string_view text) {
  return std::ranges::any_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f;
  });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void append_encoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

// RFC 3986 section 6.2.2. A '%' that begins no code is encoded itself: else what follows it could
// make one in the result.
std::string normalized_escapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_code = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
                         hex_value(text[i + 2]) >= 0;
    const char c =
        is_code ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (is_code) i += 2;
    const bool needs_code =
        is_code ? !is_unreserved(c) : c == '%' || static_cast<unsigned char>(c) >= 0x80;
    if (needs_code) {
      append_encoded(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

// One trailing slash means nothing. Where there are more the path stays: "/a//" differs from "/a/"
// either way, and what is normal must stay so when it is normalised again.
void strip_trailing_slash(std::string& path) {
  const bool is_one = path.size() > 1 && path.ends_with('/') && !path.ends_with("//");
  if (is_one || path == "//") path.pop_back();
}

struct Parts {
  std::string_view scheme, userinfo, host, port, path, query;
};

Result<Parts> take_apart(std::string_view text) {
  text = trim(text);
  if (has_blank_or_control(text) || !is_valid_utf8(text)) {
    return fail(Errc::invalid, "the URL holds blanks, control characters or broken UTF-8");
  }
  Parts out;
  text = text.substr(0, text.find('#'));
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return fail(Errc::invalid, "this is not a URL");
  out.scheme = text.substr(0, scheme_end);
  text.remove_prefix(scheme_end + 3);
  const auto authority_end = std::min(text.find_first_of("/?"), text.size());
  std::string_view authority = text.substr(0, authority_end);
  text.remove_prefix(authority_end);
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    out.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
  }
  const auto bracket = authority.starts_with('[') ? authority.find(']') : std::string_view::npos;
  const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  out.host = authority.substr(0, colon);
  if (colon != std::string_view::npos) out.port = authority.substr(colon + 1);
  const auto mark = std::min(text.find('?'), text.size());
  out.path = text.substr(0, mark);
  if (mark < text.size()) out.query = text.substr(mark + 1);
  return out;
}

bool is_scheme(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
}

bool is_host(std::string_view text) {
  if (text.starts_with('[')) {
    return text.size() > 2 && text.ends_with(']') &&
           std::ranges::all_of(text.substr(1, text.size() - 2),
                               [](char c) { return is_alnum(c) || c == ':' || c == '.'; });
  }
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_unreserved(c) || c == '{' || c == '}' || static_cast<unsigned char>(c) >= 0x80;
  });
}

bool is_variable(std::string_view text) {
  return text.size() > 2 && text.starts_with('{') && text.find('}') == text.size() - 1;
}

// Without leading zeros; "" for the scheme's default; a {variable} stays.
Result<std::string> normalized_port(std::string_view port, std::string_view scheme) {
  if (port.empty() || is_variable(port)) return std::string(port);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number == 0) {
    return fail(Errc::invalid, "the URL's port is not a number from 1 to 65535");
  }
  const bool is_default =
      (scheme == "http" && number == 80) || (scheme == "https" && number == 443);
  return is_default ? std::string() : std::to_string(number);
}

struct Normal {
  std::string scheme, host, port, path, query;
};

Result<Normal> normalize(std::string_view text) {
  TRY(const Parts parts, take_apart(text));
  if (!is_scheme(parts.scheme)) return fail(Errc::invalid, "this is not a URL");
  if (!is_host(parts.host)) return fail(Errc::invalid, "the URL has no host that can be one");
  Normal out;
  out.scheme = ascii_lower(parts.scheme);
  out.host = ascii_lower(parts.host);
  TRY(out.port, normalized_port(parts.port, out.scheme));
  const std::string path = normalized_escapes(parts.path);
  out.path = path.empty() ? "/" : http::without_dot_segments(path);
  strip_trailing_slash(out.path);
  out.query = parts.query;
  return out;
}

// Up to the query.
std::string base_text(const Normal& url) {
  std::string out = url.scheme + "://" + url.host;
  if (!url.port.empty()) out += ":" + url.port;
  return out + url.path;
}

// One part of a template (a host label, a path segment) against one of a URL: every {variable}
// stands for one character or more. As with '*' in file names, only the last variable need ever be
// tried again.
bool part_matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, in = 0;
  std::size_t retry_at = std::string_view::npos, retry_in = 0;
  while (in < text.size() || at < pattern.size()) {
    const std::size_t close =
        at < pattern.size() && pattern[at] == '{' ? pattern.find('}', at) : std::string_view::npos;
    if (close != std::string_view::npos && close > at + 1 && in < text.size()) {
      at = retry_at = close + 1;
      retry_in = ++in;
    } else if (at < pattern.size() && in < text.size() && pattern[at] == text[in]) {
      ++at;
      ++in;
    } else if (retry_at != std::string_view::npos && retry_in < text.size()) {
      at = retry_at;
      in = ++retry_in;
    } else {
      return false;
    }
  }
  return true;
}

bool parts_match(std::string_view pattern, std::string_view text, char separator) {
  const auto patterns = split(pattern, separator);
  const auto texts = split(text, separator);
  return std::ranges::equal(patterns, texts, part_matches);
}

bool is_reference_text(std::string_view text, std::string_view extra) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_alnum(c) || c == '.' || c == '_' || c == '-' ||
           extra.find(c) != std::string_view::npos;
  });
}

// Docker's rule for whether what stands before the first '/' is a host, but for one part: capitals
// alone make none, because in lower case they would not be one any more.
bool is_registry_host(std::string_view text) {
  return text.find_first_of(".:") != std::string_view::npos || iequals_ascii(text, "localhost");
}

bool is_bare_digest(std::string_view text) {
  if (text.starts_with("sha256:")) return true;
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return hex_value(c) >= 0 && !(c >= 'A' && c < 'a');
         });
}

// "npx://@scope/package" of "npx://@scope/package@1.2.3"
std::string_view without_version(std::string_view package) {
  const auto at = package.rfind('@');
  const bool is_version = at != std::string_view::npos && at > 0 && package[at - 1] != '/' &&
                          package.find('/', at) == std::string_view::npos;
  return is_version ? package.substr(0, at) : package;
}

}  // namespace

Result<NormalizedUrl> normalize_url(std::string_view text) {
  TRY(Normal url, normalize(text));
  NormalizedUrl out{base_text(url)};
  if (!url.query.empty()) out.text.append("?").append(url.query);
  return out;
}

bool is_url_template(std::string_view url) {
  const auto open = url.find('{');
  return open != std::string_view::npos && url.find('}', open + 2) != std::string_view::npos;
}

bool matches_template(std::string_view url_template, std::string_view url) {
  if (!is_url_template(url_template)) return false;
  const auto pattern = normalize(url_template);
  const auto text = normalize(url);
  if (!pattern || !text || pattern->scheme != text->scheme) return false;
  return parts_match(pattern->host, text->host, '.') && part_matches(pattern->port, text->port) &&
         parts_match(pattern->path, text->path, '/') &&
         (pattern->query.empty() || parts_match(pattern->query, text->query, '&'));
}

std::string redacted_url(std::string_view text) {
  const auto url = normalize(text);
  if (!url) return "(not a URL)";
  std::string out = base_text(*url);
  if (url->query.empty()) return out;
  char separator = '?';
  for (const std::string_view pair : split(url->query, '&')) {
    out += separator;
    separator = '&';
    // What has no value, or only the padding of base64, may itself be the secret.
    const auto equals = pair.find('=');
    const bool is_named = pair.find_first_not_of('=', equals) != std::string_view::npos &&
                          equals != std::string_view::npos;
    if (is_named) out.append(pair.substr(0, equals + 1));
    if (!pair.empty()) out += "***";
  }
  return out;
}

std::string ImageReference::canonical() const { return host + "/" + repository; }

Result<ImageReference> parse_image(std::string_view text) {
  text = trim(text);
  if (is_bare_digest(text)) return fail(Errc::invalid, "an image's digest without its name");
  ImageReference out;
  if (const auto at = text.find('@'); at != std::string_view::npos) {
    out.digest = text.substr(at + 1);
    if (!is_reference_text(out.digest, ":+")) return fail(Errc::invalid, "not an image digest");
    text = text.substr(0, at);
  }
  const auto slash = text.rfind('/');
  const auto colon = text.find(':', slash == std::string_view::npos ? 0 : slash);
  if (colon != std::string_view::npos) {
    out.tag = text.substr(colon + 1);
    if (!is_reference_text(out.tag, "")) return fail(Errc::invalid, "not an image tag");
    text = text.substr(0, colon);
  }
  out.host = "docker.io";
  const auto first_slash = text.find('/');
  if (first_slash != std::string_view::npos && is_registry_host(text.substr(0, first_slash))) {
    out.host = ascii_lower(text.substr(0, first_slash));
    if (out.host == "index.docker.io") out.host = "docker.io";
    text.remove_prefix(first_slash + 1);
  }
  if (out.host == "docker.io" && text.find('/') == std::string_view::npos) {
    out.repository = "library/";
  }
  out.repository += text;
  const auto parts = split(text, '/');
  const bool is_valid =
      is_reference_text(out.host, ":[]") &&
      std::ranges::all_of(parts, [](std::string_view p) { return is_reference_text(p, ""); });
  if (!is_valid) return fail(Errc::invalid, "not an image reference");
  return out;
}

bool is_protocol_scheme(std::string_view image) {
  return image.starts_with("npx://") || image.starts_with("uvx://") || image.starts_with("go://");
}

bool same_image_repository(std::string_view a, std::string_view b) {
  a = trim(a);
  b = trim(b);
  if (is_protocol_scheme(a) || is_protocol_scheme(b)) {
    return is_protocol_scheme(a) && is_protocol_scheme(b) &&
           without_version(a) == without_version(b);
  }
  const auto first = parse_image(a);
  const auto second = parse_image(b);
  return first && second && first->canonical() == second->canonical();
}

}  // namespace mcpo::sources
