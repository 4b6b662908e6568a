// What is degraded, collected from everything that knows.
#pragma once

#include "app/compose.h"
#include "server/health.h"

namespace mcpo::app {

server::Health health_report(const Engine& engine, std::size_t sessions);

}  // namespace mcpo::app
