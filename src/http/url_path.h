// Paths of URLs, for whoever normalises them beside url.h.
#pragma once

#include <string>
#include <string_view>

namespace mcpo::http {

// RFC 3986 section 5.2.4, for a path that begins with '/'.
std::string without_dot_segments(std::string_view path);

}  // namespace mcpo::http
