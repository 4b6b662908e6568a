#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/config.h"
#include "app/serve.h"
#include "app/version.h"
#include "async/process.h"

namespace mcpo::app {
namespace {

Logger::Options log_options(const Config& config) {
  Logger::Options options{.level = config.log_level, .format = config.log_format};
  if (config.colored_logs && ::isatty(STDERR_FILENO) != 0) options.color = LogColor::always;
  return options;
}

int run_command(const CommandLine& line, Config config, const Environment& environment,
                Logger& log) {
  switch (line.command) {
    case Command::serve:
      return serve(std::move(config), environment, log);
    case Command::ingest:
      return run_ingest(config, line, environment, log);
    case Command::search:
      return run_search(config, line, log);
    case Command::servers:
      return run_servers(config, line);
    case Command::tools:
      return run_tools(config, line);
    case Command::eval:
      return run_eval(config, line, log);
    case Command::help:
      std::fputs(line.help.c_str(), stdout);
      return 0;
    case Command::version:
      std::printf("mcp-optimizer %s\n", kVersion);
      return 0;
  }
  return 2;
}

int run(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool wants_json = std::ranges::find(arguments, "--json") != arguments.end();
  auto line = parse_command_line(arguments);
  if (!line) return report_error(line.error(), wants_json), 2;
  const Environment environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  auto config = make_config(line->options, environment);
  if (!config) return report_error(config.error(), line->json), 2;
  Logger log(log_options(config->config));
  for (const std::string& note : config->notes) log.info(note);
  return run_command(*line, std::move(config->config), environment, log);
}

// One heap for all threads. What glibc gives each of them does not come back when the thread is
// done with it: after 3,000 tools were learned that is 17 MB of 119.
void keep_memory_small() {
#if defined(__GLIBC__)
  if (std::getenv("MALLOC_ARENA_MAX") == nullptr) mallopt(M_ARENA_MAX, 1);
#endif
}

}  // namespace

}  // namespace mcpo::app

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == mcpo::async::kSuperviseVerb) {
    return mcpo::async::supervisor_main(argc, argv);
  }
  mcpo::app::keep_memory_small();
  try {
    return mcpo::app::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mcp-optimizer: internal error: %s\n", error.what());
    return 1;
  }
}
