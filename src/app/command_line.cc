#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/config.h"
#include "base/text.h"

namespace mcpo::app {
namespace {

struct CommandInfo {
  Command command;
  const char* name;
  const char* usage;
  const char* help;
};

constexpr CommandInfo kCommands[] = {
    {Command::serve, "serve", "serve [options]",
     "serve AI clients (the default command): MCP at /mcp, health at /health"},
    {Command::ingest, "ingest", "ingest [--json]",
     "look at all servers once, store what they offer, and say what changed and why"},
    {Command::search, "search", "search \"words\" [--explain] [--limit N] [--json]",
     "find tools in the stored catalog, as find_tool does"},
    {Command::servers, "servers", "servers [--json]", "list the known servers"},
    {Command::tools, "tools", "tools [--server NAME] [--json]", "list the tools that are offered"},
    {Command::eval, "eval", "eval --tools T.jsonl --queries Q.jsonl --run OUT.jsonl",
     "rank tools for many queries, to measure search (--arm lexical|semantic|hybrid, --limit 50)"},
};

std::string option_help(const OptionInfo& info) {
  const std::string flag =
      "--" + (info.alias.empty() ? info.flag : info.alias + ", --" + info.flag);
  return fmt::format("  {}{}\n      {}\n      {}; default {}; environment {}\n", flag,
                     info.is_switch ? "" : " VALUE", info.help, info.allowed,
                     info.fallback.empty() ? "none" : info.fallback, info.env);
}

std::string options_help() {
  std::string out;
  std::string group;
  for (const OptionInfo& info : option_infos()) {
    if (info.group != group) out += fmt::format("\n{}\n", group = info.group);
    out += option_help(info);
  }
  return out;
}

std::string full_help() {
  std::string out =
      "MCP Optimizer: one MCP server in front of all your others. Clients see find_tool, "
      "call_tool\n"
      "and list_tools instead of every tool of every server.\n\n"
      "Usage: mcp-optimizer [command] [options]\n\nCommands\n";
  for (const CommandInfo& info : kCommands) {
    out += fmt::format("  {}\n      {}\n", info.usage, info.help);
  }
  out +=
      "  --help, --version\n\nOptions: a flag wins over its environment variable, that over the "
      "default.\n";
  return out + options_help();
}

std::string command_help(const CommandInfo& info) {
  return fmt::format("Usage: mcp-optimizer {}\n\n{}\n\nOptions of all commands\n{}", info.usage,
                     info.help, options_help());
}

// CLI11 keeps values by reference.
struct Values {
  std::map<std::string, std::string> text;
  std::map<std::string, bool> flag;
};

void add_config_options(CLI::App& app, Values& values) {
  for (const OptionInfo& info : option_infos()) {
    std::string names = "--" + info.flag;
    if (!info.alias.empty()) names += ",--" + info.alias;
    auto* option = app.add_option(names, values.text[info.flag]);
    // `--stdio`, `--stdio=false`; never `--stdio false`, which would swallow a command.
    if (info.is_switch) option->expected(0, 1)->default_str("true");
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
}

void add_command_options(CLI::App& command, const CommandInfo& info, CommandLine& out) {
  if (info.command != Command::serve) command.add_flag("--json", out.json);
  switch (info.command) {
    case Command::search:
      command.add_option("words", out.words)->required();
      command.add_flag("--explain", out.explain);
      command.add_option("--limit", out.limit)->check(CLI::Range(1, 50));
      break;
    case Command::tools:
      command.add_option("--server", out.server);
      break;
    case Command::eval:
      command.add_option("--tools", out.eval_tools)->required();
      command.add_option("--queries", out.eval_queries)->required();
      command.add_option("--run", out.eval_run)->required();
      command.add_option("--arm", out.eval_arm)
          ->check(CLI::IsMember({"lexical", "semantic", "hybrid"}));
      command.add_option("--limit", out.limit)->check(CLI::Range(1, 1000));
      break;
    default:
      break;
  }
}

// What is near an unknown option or command.
std::string suggestion(const std::vector<std::string>& arguments) {
  std::vector<std::string> known{"--json", "--help", "--version"};
  for (const OptionInfo& info : option_infos()) {
    known.push_back("--" + info.flag);
    if (!info.alias.empty()) known.push_back("--" + info.alias);
  }
  for (const CommandInfo& info : kCommands) known.emplace_back(info.name);
  for (const std::string& argument : arguments) {
    const std::string name = argument.substr(0, argument.find('='));
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto near = nearest_names(name, known, 1);
    if (!near.empty()) return "; did you mean " + near.front() + "?";
  }
  return "";
}

// What CLI11 does not do: a switch without a value must not take the next word, and `--name=` gives
// an empty value. The latter goes straight to `options`.
std::vector<std::string> prepare(const std::vector<std::string>& arguments, CommandLine& out) {
  std::vector<std::string> kept;
  for (std::string argument : arguments) {
    bool empty_value = false;
    for (const OptionInfo& info : option_infos()) {
      if (info.is_switch && argument == "--" + info.flag) argument += "=true";
      const bool named = argument == "--" + info.flag + "=" ||
                         (!info.alias.empty() && argument == "--" + info.alias + "=");
      if (!named) continue;
      out.options[info.flag] = "";
      empty_value = true;
    }
    if (!empty_value) kept.push_back(std::move(argument));
  }
  return kept;
}

}  // namespace

Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments) {
  CommandLine out;
  Values values;
  CLI::App app("MCP Optimizer", "mcp-optimizer");
  app.set_help_flag("-h,--help");
  bool version = false;
  app.add_flag("--version,-V", version);
  app.fallthrough();
  app.require_subcommand(0, 1);
  add_config_options(app, values);
  std::map<const CLI::App*, const CommandInfo*> commands;
  for (const CommandInfo& info : kCommands) {
    CLI::App* command = app.add_subcommand(info.name, info.help);
    add_command_options(*command, info, out);
    commands[command] = &info;
  }
  std::vector<std::string> reversed = prepare(arguments, out);
  std::ranges::reverse(reversed);
  const CommandInfo* chosen = nullptr;
  auto find_chosen = [&] {
    const auto parsed = app.get_subcommands();
    if (!parsed.empty()) chosen = commands[parsed.front()];
  };
  try {
    app.parse(std::move(reversed));
    find_chosen();
  } catch (const CLI::CallForHelp&) {
    find_chosen();
    out.command = Command::help;
    out.help = chosen == nullptr ? full_help() : command_help(*chosen);
    return out;
  } catch (const CLI::ParseError& error) {
    return fail(Errc::invalid, std::string(error.what()) + suggestion(arguments) +
                                   " (mcp-optimizer --help lists everything)");
  }
  if (version) {
    out.command = Command::version;
    return out;
  }
  if (chosen != nullptr) out.command = chosen->command;
  for (const OptionInfo& info : option_infos()) {
    if (app.count("--" + info.flag) > 0) out.options[info.flag] = values.text[info.flag];
  }
  return out;
}

}  // namespace mcpo::app
