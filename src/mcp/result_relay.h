// A CallToolResult on its way from a server to a client of perhaps another era (contracts D, G-2,
// G-3). Members that belong to the tool are copied as raw text; only protocol members change.
#pragma once

#include <string>

#include "base/json.h"
#include "mcp/protocol.h"

namespace mcpo::mcp {

// Drops resultType and reserved _meta keys of the upstream hop; everything else byte for byte. The
// dispatcher adds what the client's era wants on every result.
std::string relay_result(RawJson result, Era from, Era to);

// The same for a tool's definition inside find_tool's answer: `execution` does not pass (S-63).
std::string relay_definition(RawJson definition);

// The members of a request's params._meta that may travel on: vendors' and trace keys, not the
// progress token and not the caller's protocol keys (G-2). A JSON object, or empty for none.
std::string relay_request_meta(RawJson params);

// A result that says what went wrong: {"content":[{"type":"text","text":...}],"isError":true}.
std::string error_result(std::string_view text);

}  // namespace mcpo::mcp
