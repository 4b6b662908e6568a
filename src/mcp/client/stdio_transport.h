// A server that is our child: one JSON message a line on its stdin and stdout, its stderr into our
// log (2026-07-28 basic/transports/stdio).
#pragma once

#include <memory>

#include "base/log.h"
#include "mcp/client.h"
#include "mcp/client/transport.h"
#include "mcp/connection_spec.h"

namespace mcpo::mcp {

// Errors: as async::Process::start.
Result<std::shared_ptr<Transport>> start_stdio_transport(async::Executor executor,
                                                         const StdioSpec& spec,
                                                         const ClientOptions& options, Logger& log);

}  // namespace mcpo::mcp
