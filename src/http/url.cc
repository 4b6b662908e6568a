#include "http/url.h"

#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <boost/url/url_view.hpp>

#include "base/text.h"

namespace mcpo::http {
namespace {

namespace urls = boost::urls;

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

std::string_view view(urls::string_view text) { return {text.data(), text.size()}; }
std::string_view view(urls::pct_string_view text) { return {text.data(), text.size()}; }

Result<Url> take(const urls::url_view& parsed) {
  Url out;
  out.scheme = ascii_lower(view(parsed.scheme()));
  if (out.scheme != "http" && out.scheme != "https") {
    return fail(Errc::invalid, "the URL must start with http:// or https://");
  }
  if (!parsed.has_authority() || parsed.host().empty()) {
    return fail(Errc::invalid, "the URL has no host");
  }
  out.userinfo = view(parsed.encoded_userinfo());
  out.host = ascii_lower(parsed.host());
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  out.port = default_port(out.scheme);
  if (parsed.has_port() && !parsed.port().empty()) {
    if (parsed.port_number() == 0) return fail(Errc::invalid, "the URL's port is not 1 to 65535");
    out.port = parsed.port_number();
  }
  out.target = view(parsed.encoded_path());
  if (out.target.empty()) out.target = "/";
  if (parsed.has_query()) out.target.append("?").append(view(parsed.encoded_query()));
  return out;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::string Url::authority() const {
  std::string out = bracketed(host);
  if (port != default_port(scheme)) out.append(":").append(std::to_string(port));
  return out;
}

std::string Url::origin() const {
  return scheme + "://" + bracketed(host) + ":" + std::to_string(port);
}

std::string Url::str() const {
  return scheme + "://" + (userinfo.empty() ? "" : userinfo + "@") + authority() + target;
}

std::string Url::redacted() const {
  const auto mark = target.find('?');
  std::string out = scheme + "://" + authority() + target.substr(0, mark);
  if (mark == std::string::npos) return out;
  char separator = '?';
  for (std::string_view pair : split(std::string_view(target).substr(mark + 1), '&')) {
    const auto equals = pair.find('=');
    out.push_back(separator);
    // A query without names may itself be the secret.
    out.append(equals == std::string_view::npos ? "***"
                                                : std::string(pair.substr(0, equals)) + "=***");
    separator = '&';
  }
  return out;
}

Result<Url> parse_url(std::string_view text) {
  const std::string_view plain = trim(text);
  const auto parsed = urls::parse_uri({plain.data(), plain.size()});
  if (!parsed) {
    return fail(Errc::invalid, "this is not an absolute URL such as https://host/path");
  }
  return take(*parsed);
}

Result<Url> resolve(const Url& base, std::string_view reference) {
  const std::string base_text = base.str();
  const auto parsed_base = urls::parse_uri(base_text);
  const auto parsed = urls::parse_uri_reference({reference.data(), reference.size()});
  if (!parsed_base || !parsed) return fail(Errc::invalid, "this is not a URL reference");
  urls::url joined;
  if (!urls::resolve(*parsed_base, *parsed, joined)) {
    return fail(Errc::invalid, "this URL reference cannot be resolved");
  }
  return take(joined);
}

bool is_loopback_host(std::string_view host) {
  if (iequals_ascii(host, "localhost")) return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  return !error && address.is_loopback();
}

}  // namespace mcpo::http
