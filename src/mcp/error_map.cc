#include "mcp/error_map.h"

#include "mcp/message.h"
#include "mcp/protocol.h"

namespace mcpo::mcp {

int to_rpc_code(Errc code) {
  switch (code) {
    case Errc::invalid:
    case Errc::not_found:
    case Errc::too_large:
      return kInvalidParams;
    case Errc::conflict:
    case Errc::denied:
    case Errc::unavailable:
    case Errc::timeout:
    case Errc::cancelled:
    case Errc::corrupt:
    case Errc::internal:
      return kInternalError;
  }
  return kInternalError;
}

RpcError to_rpc_error(const Error& error) { return {to_rpc_code(error.code), error.message, {}}; }

std::string make_error(std::string_view id, const RpcError& error) {
  return make_error(id, error.code, error.message, error.data);
}

}  // namespace mcpo::mcp
