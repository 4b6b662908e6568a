// Values of a request that travel as HTTP headers too, so that what stands between can route by
// them: Mcp-Name, and Mcp-Param-* for parameters whose schema says x-mcp-header (2026-07-28
// basic/transports/streamable-http, Value Encoding and Custom Headers from Tool Parameters).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mcpo::mcp {

inline constexpr std::string_view kParameterHeaderPrefix = "Mcp-Param-";

// "=?base64?...?=" for what a header field cannot carry as it is: empty edges, control characters,
// bytes beyond ASCII, and text that looks like the sentinel itself.
std::string encode_header_value(std::string_view value);
// Undoes it. nullopt: the sentinel's content is not base64 of UTF-8.
std::optional<std::string> decode_header_value(std::string_view header);

struct HeaderParameter {
  std::string header;             // with the prefix: "Mcp-Param-Region"
  std::vector<std::string> path;  // property names from the arguments' root
};
// Errors: invalid, saying why the whole definition is not to be used (C-15): header name empty, no
// token, or twice; property not a string, integer or boolean, or not reachable by `properties`.
Result<std::vector<HeaderParameter>> header_parameters(RawJson input_schema);

// The argument at the path, as text for a header, not encoded; nullopt when absent, null, or
// neither a string, a boolean nor a number.
std::optional<std::string> parameter_text(RawJson arguments, const HeaderParameter& parameter);

// Whether a header's value (absent: nullopt) says what the arguments say (S-38). Integers compare
// as numbers.
bool header_agrees(RawJson arguments, const HeaderParameter& parameter,
                   std::optional<std::string_view> header);

}  // namespace mcpo::mcp
