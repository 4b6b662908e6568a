// Who a workload is: upstream URLs and image references in the forms by which they are compared
// (contracts/toolhive.md 2.5), and the forms in which they may be shown and stored. Pure.
//
// Comparing happens in memory; of all functions here only redacted_url() and canonical() of images
// give text that may leave it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpo::sources {

// A URL in normal form: scheme and host in lower case, no user information, no default port, no
// fragment, "" as "/", one trailing slash stripped from the path (not from "/" itself), dot
// segments removed, %XX of unreserved characters decoded and all others in upper case. The path's
// case stays, and so does the query, as text in its order.
struct NormalizedUrl {
  std::string text;  // "https://mcp.example.com/mcp?key=secret"
  std::string_view without_query() const {
    return std::string_view(text).substr(0, text.find('?'));
  }
  bool operator==(const NormalizedUrl&) const = default;
};

// Any scheme that has a host (ToolHive takes ftp:// too). {variables} are kept as they stand.
// Errors: invalid; the message echoes nothing of the URL.
Result<NormalizedUrl> normalize_url(std::string_view text);

bool is_url_template(std::string_view url);  // has a {variable}
// Does `url` (normalised inside) fit a template such as https://{tenant}.example.com/{id}/mcp? Each
// variable stands for one part without '/', '?' and '#', in the host also without '.' and ':'. A
// template without a query fits any query. False for what is no URL and no template.
bool matches_template(std::string_view url_template, std::string_view url);

// To show and to store: the normal form with every query value as "***". What cannot be
// understood as a URL is never echoed: "(not a URL)".
std::string redacted_url(std::string_view text);

// An image reference in parts: ghcr.io/stacklok/fetch:1.0.5@sha256:…
struct ImageReference {
  std::string host;               // lower case, with its port; "docker.io" when none is given
  std::string repository;         // "library/redis" for "redis"
  std::string tag;                // empty: none given
  std::string digest;             // "sha256:…"; empty: none given
  std::string canonical() const;  // host/repository: what is compared when versions differ
  bool operator==(const ImageReference&) const = default;
};

// Errors: invalid (empty, blanks, a scheme such as npx://, a URL).
Result<ImageReference> parse_image(std::string_view text);
// The same host and repository, whatever the tag and digest. Protocol schemes (npx://package@1.2,
// uvx://, go://) compare as scheme and package without the version. False where either is neither.
bool same_image_repository(std::string_view a, std::string_view b);
bool is_protocol_scheme(std::string_view image);  // npx://, uvx://, go://

}  // namespace mcpo::sources
