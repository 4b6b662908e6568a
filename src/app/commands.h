// The commands besides `serve`. Each returns the process's exit code: 0 done, 1 it failed, 2 wrong
// usage, 3 `ingest` only: some sources could not be read completely (drop-in section 3).
#pragma once

#include "app/command_line.h"
#include "app/config.h"
#include "base/log.h"

namespace mcpo::app {

int run_ingest(const Config& config, const CommandLine& line, const Environment& environment,
               Logger& log);
int run_search(const Config& config, const CommandLine& line, Logger& log);
int run_servers(const Config& config, const CommandLine& line);
int run_tools(const Config& config, const CommandLine& line);
int run_eval(const Config& config, const CommandLine& line, Logger& log);

// {"error": {...}} on stdout with --json, the message for people on stderr.
void report_error(const Error& error, bool json);

}  // namespace mcpo::app
