// What `serve` tells a person: how it starts, and what to do next.
#pragma once

#include <string>
#include <vector>

#include "app/compose.h"

namespace mcpo::app {

// Nothing names a server, and there is no ToolHive: what to do.
std::string no_servers_text(const Engine& engine);
std::vector<std::string> start_lines(const Engine& engine);
// Endpoint, a snippet for the client's configuration, servers, tools, tokens saved. `endpoint`
// empty: stdio only.
std::string welcome_text(const Engine& engine, const std::string& endpoint);
// The same facts as one log line.
void log_welcome(const Engine& engine, const std::string& endpoint, Logger& log);

}  // namespace mcpo::app
