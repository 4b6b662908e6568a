// Our failures as JSON-RPC errors: the one table.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace mcpo::mcp {

// A JSON-RPC error before it is written. `data` is raw JSON or empty.
struct RpcError {
  int code = 0;
  std::string message;
  std::string data;
};

int to_rpc_code(Errc code);
RpcError to_rpc_error(const Error& error);
std::string make_error(std::string_view id, const RpcError& error);

}  // namespace mcpo::mcp
