// Servers behind a URL: streamable HTTP (2025-03-26 and later), and HTTP+SSE of 2024-11-05.
#pragma once

#include <memory>

#include "base/log.h"
#include "http/client.h"
#include "mcp/client.h"
#include "mcp/client/transport.h"
#include "mcp/connection_spec.h"

namespace mcpo::mcp {

// `http` outlives the transport. Nothing is sent yet.
std::shared_ptr<Transport> make_streamable_transport(async::Executor executor, http::Client& http,
                                                     const HttpSpec& spec,
                                                     const ClientOptions& options, Logger& log);

// Opens the stream and waits for its `endpoint` event (2024-11-05 basic/transports). Errors: as
// Transport::request, and corrupt when the endpoint is of another origin.
async::Task<std::shared_ptr<Transport>> open_sse_transport(async::Executor executor,
                                                           http::Client& http, HttpSpec spec,
                                                           ClientOptions options, Logger& log,
                                                           async::Deadline deadline);

}  // namespace mcpo::mcp
