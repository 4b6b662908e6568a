// What `serve` tells a person: how it starts, and what to do next.
#pragma once

#include <string>
#include <vector>

#include "app/compose.h"

namespace mcpo::app {

std::vector<std::string> start_lines(const Engine& engine);
// Endpoint, a snippet for the client's configuration, servers, tools, tokens saved. `endpoint`
// empty: stdio only.
std::string welcome_text(const Engine& engine, const std::string& endpoint);
// The same facts as one log line.
void log_welcome(const Engine& engine, const std::string& endpoint, Logger& log);

}  // namespace mcpo::app
