// The command line: which command, its arguments, and the options of config.h. Built on CLI11.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace mcpo::app {

enum class Command { serve, ingest, search, servers, tools, eval, help, version };

struct CommandLine {
  Command command = Command::serve;
  std::map<std::string, std::string> options;  // of config.h, by name without dashes
  bool json = false;
  bool explain = false;    // search
  std::string words;       // search
  std::string server;      // tools
  std::string eval_tools;  // eval
  std::string eval_queries;
  std::string eval_run;
  std::string eval_arm;   // empty: hybrid, or lexical where there is no encoder
  std::size_t limit = 0;  // search, eval; 0: the command's default
  std::string help;       // help: the text to print
};

// Errors: invalid, with a message that says what is wrong and where help is.
Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace mcpo::app
