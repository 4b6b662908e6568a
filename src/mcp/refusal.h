// A request that is not served: an HTTP status and a JSON-RPC error for its body.
#pragma once

#include "mcp/error_map.h"

namespace mcpo::mcp {

struct Refusal {
  int status = 400;
  RpcError error;
};

}  // namespace mcpo::mcp
