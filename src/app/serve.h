// `serve`: the program that AI clients talk to.
#pragma once

#include "app/config.h"
#include "async/runtime.h"
#include "base/log.h"

namespace mcpo::app {

// Until SIGTERM, SIGINT, or in stdio mode the end of stdin. Exit code 0 after an orderly stop, 1
// when it cannot start; the reason is on stderr.
int serve(Config config, const Environment& environment, Logger& log);

}  // namespace mcpo::app
