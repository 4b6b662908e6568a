#include "mcp/transport/http_rules.h"

#include <algorithm>

#include "base/text.h"
#include "http/url.h"
#include "mcp/modern/request_rules.h"
#include "mcp/protocol.h"

namespace mcpo::mcp {
namespace {

constexpr std::string_view kRetryAfterSeconds = "2";

bool is_listed(const std::vector<std::string>& allowed, std::string_view value) {
  return std::ranges::any_of(allowed, [value](const std::string& entry) {
    return entry == "*" || iequals_ascii(entry, value);
  });
}

// "localhost" of "localhost:9900", "::1" of "[::1]:9900".
std::string_view host_of_authority(std::string_view authority) {
  if (authority.starts_with('[')) {
    auto end = authority.find(']');
    return end == std::string_view::npos ? authority : authority.substr(1, end - 1);
  }
  return authority.substr(0, authority.find(':'));
}

bool host_is_allowed(std::string_view host, const EndpointOptions& options) {
  const std::string_view name = host_of_authority(host);
  return http::is_loopback_host(ascii_lower(name)) || is_listed(options.allowed_hosts, host) ||
         is_listed(options.allowed_hosts, name);
}

bool origin_is_allowed(std::string_view origin, const EndpointOptions& options) {
  if (is_listed(options.allowed_origins, origin)) return true;
  auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return false;
  const std::string_view scheme = origin.substr(0, scheme_end);
  if (!iequals_ascii(scheme, "http") && !iequals_ascii(scheme, "https")) return false;
  return http::is_loopback_host(ascii_lower(host_of_authority(origin.substr(scheme_end + 3))));
}

EraChoice refuse(int status, int code, std::string message) {
  return {HttpEra::refused, {status, {code, std::move(message), {}}}};
}

EraChoice refuse_dead_session() {
  return refuse(404, kInvalidRequest, "Session not found: it has ended; initialize again");
}

EraChoice refuse_unknown_version(std::string_view version) {
  return refuse(400, kInvalidRequest,
                "Unsupported MCP-Protocol-Version: " + ellipsized(to_valid_utf8(version), 40));
}

EraChoice legacy_of(SessionState session) {
  if (session == SessionState::live) return {HttpEra::legacy, {}};
  if (session == SessionState::dead) return refuse_dead_session();
  return refuse(400, kInvalidRequest, "Mcp-Session-Id is missing: initialize first");
}

}  // namespace

int check_origin(const http::Request& request, const EndpointOptions& options) {
  if (options.loopback_bind) {
    auto host = request.headers.find("Host");
    if (!host || request.headers.count("Host") > 1) return 400;
    if (!host_is_allowed(*host, options)) return 403;
  }
  for (const auto& [name, value] : request.headers.fields()) {
    if (iequals_ascii(name, "Origin") && !origin_is_allowed(value, options)) return 403;
  }
  return 0;
}

bool has_json_body(const http::Request& request) {
  auto type = request.headers.find("Content-Type");
  return type && http::media_type(*type) == "application/json";
}

bool accepts(const http::Request& request, std::string_view media_type) {
  if (!request.headers.find("Accept")) return true;  // RFC 9110 section 12.5.1
  const std::string any_of_kind = std::string(media_type.substr(0, media_type.find('/'))) + "/*";
  for (const auto& [name, value] : request.headers.fields()) {
    if (!iequals_ascii(name, "Accept")) continue;
    for (std::string_view part : split(value, ',')) {
      const std::string type = http::media_type(trim(part));
      if (type == media_type || type == any_of_kind || type == "*/*") return true;
    }
  }
  return false;
}

bool is_modern_looking(std::string_view version) {
  // Versions are dates: they compare as text.
  return version.size() == kVersion2026_07.size() && version[4] == '-' &&
         version >= kVersion2026_07;
}

EraChoice choose_era_by_headers(std::optional<std::string_view> version_header,
                                SessionState session) {
  if (version_header && is_modern_looking(*version_header)) return {HttpEra::modern, {}};
  if (version_header && !is_legacy_version(*version_header)) {
    return refuse_unknown_version(*version_header);
  }
  return legacy_of(session);
}

EraChoice choose_era(const Message& message, std::optional<std::string_view> version_header,
                     SessionState session) {
  const bool header_says_legacy = !version_header || is_legacy_version(*version_header);
  // Some clients send reserved _meta keys under a legacy session (P-2): the session outranks them.
  if (session != SessionState::none && header_says_legacy && message.method != "initialize") {
    return legacy_of(session);
  }
  // Whether header and _meta agree on a version that we know is checked by the modern rules.
  if (modern::meta_version(message)) return {HttpEra::modern, {}};
  if (message.method == "initialize") return {HttpEra::initialize, {}};
  return choose_era_by_headers(version_header, session);
}

http::Response json_response(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response refusal_response(std::string_view id, const Refusal& refusal) {
  http::Response response = json_response(refusal.status, make_error(id, refusal.error));
  if (refusal.status == 429 || refusal.status == 503) {
    response.headers.add("Retry-After", std::string(kRetryAfterSeconds));
  }
  if (refusal.status == 405) response.headers.add("Allow", "POST, GET, DELETE");
  return response;
}

}  // namespace mcpo::mcp
